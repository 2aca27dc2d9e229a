// How writes are grouped, answered and undone.
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { id, newEntry, withDatastore, type CreateDatabase } from './fixtures.js';

export function describeTransactions(create: CreateDatabase): void {
  describe('transactions', () => {
    it('commit the writes of one turn together', () =>
      withDatastore(create, async ({ datastore: { entries, changes } }) => {
        let commits = 0;
        changes.onCommit(() => {
          commits++;
        });
        const names = Array.from({ length: 100 }, (_, n) => String(n));
        await Promise.all(names.map((name) => entries.create(newEntry({ id: name, spiffeId: id(`/${name}`) }))));
        assert.equal(commits, 1);
        assert.equal(await entries.count({}), 100);
      }));

    it('do not let one failed write spoil the others', () =>
      withDatastore(create, async ({ datastore: { entries, changes } }) => {
        const settled = await Promise.allSettled([
          entries.create(newEntry()),
          entries.create(newEntry({ spiffeId: id('/clash') })),
          entries.update('unknown', {}),
          entries.create(newEntry({ id: 'second', spiffeId: id('/second') })),
        ]);
        assert.deepEqual(
          settled.map(({ status }) => status),
          ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
        );
        assert.equal(await entries.count({}), 2);
        assert.equal((await changes.since(0, 10)).length, 2);
      }));

    it('are seen by the listeners of a commit before the writer is answered', () =>
      withDatastore(create, async ({ datastore: { entries, changes } }) => {
        const order: string[] = [];
        const unsubscribe = changes.onCommit(async () => {
          order.push(`listener sees ${String(await entries.count({}))}`);
        });
        await entries.create(newEntry());
        order.push('answered');
        unsubscribe();
        await entries.delete('web');
        assert.deepEqual(order, ['listener sees 1', 'answered']);
      }));

    it('may be begun by a listener of a commit', () =>
      withDatastore(create, async ({ datastore: { entries, changes } }) => {
        const unsubscribe = changes.onCommit(async () => {
          unsubscribe();
          await entries.create(newEntry({ id: 'by-listener', spiffeId: id('/by-listener') }));
        });
        await entries.create(newEntry());
        assert.equal(await entries.count({}), 2);
      }));

    it('answer the writer even when a listener fails', () =>
      withDatastore(create, async ({ datastore: { entries, changes } }) => {
        changes.onCommit(() => Promise.reject(new Error('listener')));
        assert.equal((await entries.create(newEntry())).kind, 'created');
      }));

    it('are never seen unfinished by readers', () =>
      withDatastore(create, async ({ datastore: { entries } }) => {
        const seen = new Set<number>();
        const state = { writing: true };
        const reading = (async () => {
          while (state.writing) {
            seen.add(await entries.count({}));
            await nextTurn();
          }
        })();
        for (let batch = 0; batch < 5; batch++) {
          const names = Array.from({ length: 10 }, (_, n) => `${String(batch)}-${String(n)}`);
          await Promise.all(names.map((name) => entries.create(newEntry({ id: name, spiffeId: id(`/${name}`) }))));
        }
        state.writing = false;
        await reading;
        assert.deepEqual(
          [...seen].filter((count) => count % 10 !== 0),
          [],
        );
      }));

    it('are finished by disposal, which refuses later ones', () =>
      withDatastore(create, async ({ datastore }) => {
        const writing = datastore.entries.create(newEntry());
        await datastore[Symbol.asyncDispose]();
        assert.equal((await writing).kind, 'created');
        await assert.rejects(datastore.entries.delete('web'), { code: 'ERR_DATASTORE', message: /closed/ });
        await assert.rejects(datastore.entries.count({}), { code: 'ERR_DATASTORE' });
      }));
  });
}
