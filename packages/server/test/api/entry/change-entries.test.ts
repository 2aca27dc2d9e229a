import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { entry, useEntryService, wireId } from '../support/entries.js';
import { call } from '../support/test-server.js';

describe('the Entry service', () => {
  const service = useEntryService();
  const { create } = service;

  const paths = async (): Promise<string[]> => {
    const response = await call(service.entries, 'ListEntries', {});
    return response.entries.map((one) => one.spiffe_id!.path);
  };

  describe('BatchUpdateEntry', () => {
    const update = async (
      changed: Entry,
      inputMask: Record<string, boolean> | null = null,
    ): Promise<{ code: number; message: string; entry: Entry | null }> => {
      const { results } = await call(service.entries, 'BatchUpdateEntry', {
        entries: [changed],
        input_mask: inputMask,
      });
      return { ...results[0]!.status!, entry: results[0]!.entry };
    };

    it('replaces every field without a mask, and adds one to the revision', async () => {
      await create(entry('/web', { id: 'e', hint: 'h', admin: true, dns_names: ['a.org'] }));
      const { entry: updated } = await update(entry('/web2', { id: 'e' }));
      assert.equal(updated?.spiffe_id?.path, '/web2');
      assert.deepEqual([updated.hint, updated.admin, updated.dns_names], ['', false, []]);
      assert.equal(updated.revision_number, '1');
    });

    it('changes and judges only what the mask names', async () => {
      await create(entry('/web', { id: 'e', hint: 'old', admin: true }));
      const { code, entry: updated } = await update({ id: 'e', hint: 'new' }, { hint: true, revision_number: true });
      assert.equal(code, status.OK);
      assert.deepEqual(
        [updated?.hint, updated?.admin, updated?.spiffe_id?.path, updated?.revision_number],
        ['new', true, '/web', '1'],
      );
    });

    it('adds one to the revision even when nothing changes', async () => {
      await create(entry('/web', { id: 'e' }));
      await update(entry('/web', { id: 'e' }));
      assert.equal((await update(entry('/web', { id: 'e' }))).entry?.revision_number, '2');
    });

    it('answers an unknown or missing ID as an item that was not found', async () => {
      for (const unknown of ['x', '']) {
        const { code, message } = await update(entry('/web', { id: unknown }));
        assert.deepEqual([code, message], [status.NOT_FOUND, 'failed to update entry']);
      }
    });

    it('refuses what may not be created either', async () => {
      await create(entry('/web', { id: 'e' }));
      const reserved = await update(entry('/spire/server', { id: 'e' }));
      assert.equal(reserved.code, status.INVALID_ARGUMENT);
      assert.match(reserved.message, /^failed to convert entry: /);
      const masked = await update({ id: 'e', spiffe_id: wireId('/spire/server') }, { spiffe_id: true });
      assert.equal(masked.code, status.INVALID_ARGUMENT);
      const none = await update({ id: 'e' }, { selectors: true });
      assert.equal(none.code, status.INVALID_ARGUMENT);
      assert.deepEqual(await paths(), ['/web']);
    });
  });

  describe('BatchDeleteEntry', () => {
    it('answers each ID with its outcome', async () => {
      await create(entry('/web', { id: 'e' }));
      const { results } = await call(service.entries, 'BatchDeleteEntry', { ids: ['e', 'x', '', 'e'] });
      assert.deepEqual(results, [
        { id: 'e', status: { code: status.OK, message: 'OK' } },
        { id: 'x', status: { code: status.NOT_FOUND, message: 'entry not found' } },
        { id: '', status: { code: status.INVALID_ARGUMENT, message: 'missing entry ID' } },
        { id: 'e', status: { code: status.NOT_FOUND, message: 'entry not found' } },
      ]);
    });
  });
});
