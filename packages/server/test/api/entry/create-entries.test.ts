import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { entry, useEntryService, wireId } from '../support/entries.js';
import { call } from '../support/test-server.js';

describe('the Entry service', () => {
  const service = useEntryService();
  const { create } = service;

  describe('BatchCreateEntry', () => {
    it('stores every field as it was given', async () => {
      const wanted: Entry = {
        id: 'my-entry',
        spiffe_id: wireId('/web'),
        parent_id: wireId('/spire/server'),
        selectors: [
          { type: 'unix', value: 'uid:1000' },
          { type: 'docker', value: 'label:a:b' },
        ],
        x509_svid_ttl: 11,
        jwt_svid_ttl: 12,
        federates_with: ['example.org'],
        admin: true,
        downstream: false,
        expires_at: '4102444800',
        dns_names: ['web.example.org', '*.example.org'],
        store_svid: false,
        hint: 'the hint',
        additional_attributes: { disable_x509_svid_prefetch: true, jwt_svid_include_jti: false },
      };
      assert.equal((await create(wanted))[0]?.code, status.OK);
      const stored = await call(service.entries, 'GetEntry', { id: 'my-entry' });
      const { created_at: createdAt, revision_number: revision, ...fields } = stored;
      assert.deepEqual(fields, { ...wanted, _additional_attributes: 'additional_attributes' });
      assert.equal(revision, '0');
      assert.ok(Math.abs(Number(createdAt) - Date.now() / 1000) < 60);
    });

    for (const field of ['admin', 'downstream', 'store_svid'] as const) {
      it(`keeps the flag ${field} apart from the others`, async () => {
        await create(entry('/web', { id: 'flags', [field]: true }));
        const { admin, downstream, store_svid } = await call(service.entries, 'GetEntry', { id: 'flags' });
        assert.deepEqual(
          { admin, downstream, store_svid },
          { admin: false, downstream: false, store_svid: false, [field]: true },
        );
      });
    }

    it('reads attributes that are all false back as absent', async () => {
      await create(
        entry('/web', {
          id: 'a',
          additional_attributes: { disable_x509_svid_prefetch: false, jwt_svid_include_jti: false },
        }),
      );
      assert.equal((await call(service.entries, 'GetEntry', { id: 'a' })).additional_attributes ?? null, null);
    });

    it('answers each item for itself, in order', async () => {
      const outcomes = await create(
        entry('/a'),
        entry('/b', { selectors: [] }),
        entry('/c'),
        entry('/a', { hint: 'x' }),
      );
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        [status.OK, status.INVALID_ARGUMENT, status.OK, status.ALREADY_EXISTS],
      );
      assert.equal(outcomes[3]?.id, outcomes[0]?.id);
    });

    it('answers an empty request with no results', async () => {
      assert.deepEqual(await create(), []);
    });

    it('answers a similar entry with the entry that is there, whatever else differs', async () => {
      const [first] = await create(entry('/web', { x509_svid_ttl: 60 }));
      const { results } = await call(service.entries, 'BatchCreateEntry', {
        entries: [entry('/web', { id: 'other', x509_svid_ttl: 99, admin: true })],
      });
      assert.deepEqual(results[0]?.status, { code: status.ALREADY_EXISTS, message: 'similar entry already exists' });
      assert.equal(results[0].entry?.id, first?.id);
      assert.equal(results[0].entry?.x509_svid_ttl, 60);
      assert.equal(results[0].entry.admin, false);
    });

    it('answers the ID of another entry without an entry', async () => {
      await create(entry('/web', { id: 'taken' }));
      const [outcome] = await create(entry('/other', { id: 'taken' }));
      assert.equal(outcome?.code, status.ALREADY_EXISTS);
      assert.match(outcome.message, /^failed to create entry: datastore-sql: /);
      assert.equal(outcome.id, undefined);
    });

    it('masks the entry of the answer', async () => {
      const { results } = await call(service.entries, 'BatchCreateEntry', {
        entries: [entry('/web', { id: 'masked', hint: 'h' })],
        output_mask: { hint: true },
      });
      assert.equal(results[0]?.entry?.id, 'masked');
      assert.equal(results[0].entry.hint, 'h');
      assert.deepEqual(results[0].entry.selectors, []);
      assert.equal(results[0].entry.spiffe_id, null);
    });

    it('answers a federated trust domain without a bundle as INTERNAL', async () => {
      const [outcome] = await create(entry('/web', { federates_with: ['other.org'] }));
      assert.deepEqual(outcome, {
        code: status.INTERNAL,
        message: 'failed to create entry: unable to find federated bundle "spiffe://other.org"',
        id: undefined,
      });
    });

    const hostile: readonly [string, Entry, RegExp][] = [
      ['no SPIFFE ID', { spiffe_id: null }, /request must specify SPIFFE ID/],
      ['no parent ID', { parent_id: null }, /request must specify SPIFFE ID/],
      ['the trust domain itself as SPIFFE ID', { spiffe_id: wireId('') }, /path is empty/],
      ['the trust domain itself as parent ID', { parent_id: wireId('') }, /path is empty/],
      ["the server's SPIFFE ID", { spiffe_id: wireId('/spire/server') }, /reserved namespace/],
      ["an agent's SPIFFE ID", { spiffe_id: wireId('/spire/agent/join_token/x') }, /reserved namespace/],
      ['the reserved path itself', { spiffe_id: wireId('/spire') }, /reserved namespace/],
      ['a foreign SPIFFE ID', { spiffe_id: { trust_domain: 'other.org', path: '/a' } }, /not a member of trust domain/],
      ['a foreign parent ID', { parent_id: { trust_domain: 'other.org', path: '/a' } }, /not a member of trust domain/],
      ['a path without its slash (SPIFFE-ID §2.2)', { spiffe_id: wireId('a') }, /slash|"\/"/],
      ['a trailing slash (SPIFFE-ID §2.2)', { spiffe_id: wireId('/a/') }, /SPIFFE-ID §2.2/],
      ['a dot segment (SPIFFE-ID §2.2)', { spiffe_id: wireId('/a/../b') }, /SPIFFE-ID §2.2/],
      ['an empty segment (SPIFFE-ID §2.2)', { spiffe_id: wireId('/a//b') }, /SPIFFE-ID §2.2/],
      ['percent-encoding (SPIFFE-ID §2.2)', { spiffe_id: wireId('/a%2fb') }, /SPIFFE-ID §2.2/],
      ['an ID of 2049 bytes (SPIFFE-ID §2.3)', { spiffe_id: wireId(`/${'a'.repeat(2028)}`) }, /SPIFFE-ID §2.3/],
      ['no selectors', { selectors: [] }, /selector list is empty/],
      ['a selector without a type', { selectors: [{ value: 'a' }] }, /missing selector type/],
      ['a selector type with a colon', { selectors: [{ type: 'a:b', value: 'c' }] }, /selector type contains ":"/],
      ['a selector without a value', { selectors: [{ type: 'a' }] }, /missing selector value/],
      ['a DNS name with two wildcards', { dns_names: ['*.*.org'] }, /invalid DNS name/],
      ['a DNS name that ends with a dot', { dns_names: ['a.org.'] }, /invalid DNS name/],
      ['a malformed federated trust domain', { federates_with: ['Other.org'] }, /federated trust domain/],
      ['a hint of 1025 bytes', { hint: 'h'.repeat(1025) }, /hint is too long/],
      ['a negative expiry', { expires_at: '-1' }, /expiry/],
      ['an expiry beyond all dates', { expires_at: '9223372036854775807' }, /expiry/],
      ['a negative TTL', { x509_svid_ttl: -1 }, /datastore-validation/],
      ['an ID with a slash', { id: 'a/b' }, /datastore-validation/],
      ['an ID of 256 characters', { id: 'a'.repeat(256) }, /datastore-validation/],
      [
        'selectors of two types for a stored SVID',
        { store_svid: true, selectors: [{ type: 'a', value: '1' }, { type: 'b', value: '1' }] }, // prettier-ignore
        /datastore-validation/,
      ],
    ];
    for (const [name, changes, message] of hostile) {
      it(`refuses ${name}`, async () => {
        const [good, bad] = await create(entry('/good'), entry('/bad', changes));
        assert.equal(good?.code, status.OK);
        assert.equal(bad?.code, status.INVALID_ARGUMENT);
        assert.match(bad.message, /^failed to (convert|create) entry: /);
        assert.match(bad.message, message);
        assert.equal(bad.id, undefined);
        assert.equal((await call(service.entries, 'CountEntries', {})).count, 1);
      });
    }

    it('accepts an ID of 2048 bytes (SPIFFE-ID §2.3)', async () => {
      assert.equal((await create(entry(`/${'a'.repeat(2027)}`)))[0]?.code, status.OK);
    });
  });
});
