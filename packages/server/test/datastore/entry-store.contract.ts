// What every EntryStore keeps to.
import assert from 'node:assert/strict';
import { TrustDomain } from '@credence/sdk';
import { silentLogger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { openDatastore } from '../../dist/datastore/sql/open-datastore.js';
import type { EntryFilter, NewEntry } from '../../dist/domain/registration-entry.js';
import type { EntryStore } from '../../dist/datastore/entry-store.js';
import {
  collect,
  id,
  newEntry,
  node1,
  selectors,
  start,
  trustDomain,
  withDatastore,
  type CreateDatabase,
} from './fixtures.js';

const full = newEntry({
  id: 'A-z_0.9',
  selectors: selectors('k8s:ns:b', 'k8s:ns:a', 'unix:uid:1'),
  x509SvidTtlSeconds: 60,
  jwtSvidTtlSeconds: 61,
  federatesWith: [trustDomain],
  admin: true,
  downstream: false,
  storeSvid: true,
  hint: 'external',
  dnsNames: ['b.test', 'a.test'],
  expiresAt: new Date('2031-02-03T04:05:06Z'),
  additionalAttributes: { disableX509SvidPrefetch: false, jwtSvidIncludeJti: true },
});

export function describeEntryStore(create: CreateDatabase): void {
  describe('EntryStore', () => {
    it('gives back every field as it was created, with revision 0 and a whole second', () =>
      withDatastore(create, async ({ datastore: { entries, bundles }, clock }) => {
        await clock.advance(1700);
        await bundles.append(trustDomain, {});
        const created = await entries.create(full);
        const expected = { ...full, revisionNumber: 0, createdAt: new Date(start.getTime() + 1000) };
        assert.deepEqual(created, { kind: 'created', entry: expected });
        assert.deepEqual(await entries.get(full.id), expected);
        assert.deepEqual(await entries.getMany([full.id, 'unknown']), [expected]);
        assert.equal(await entries.get('unknown'), undefined);
      }));

    it('stores attributes that are all false as absent', () =>
      withDatastore(create, async ({ datastore: { entries } }) => {
        const none = { disableX509SvidPrefetch: false, jwtSvidIncludeJti: false };
        const { entry } = await entries.create(newEntry({ additionalAttributes: none }));
        assert.equal(entry.additionalAttributes, undefined);
      }));

    it('answers a similar entry, whatever else differs and however the selectors are ordered', () =>
      withDatastore(create, async ({ datastore: { entries } }) => {
        const first = await entries.create(newEntry({ selectors: selectors('a:1', 'b:2') }));
        const again = await entries.create(newEntry({ id: 'other', hint: 'x', selectors: selectors('b:2', 'a:1') }));
        assert.deepEqual(again, { kind: 'similar', entry: first.entry });
        const different = [{ parentId: id('/p') }, { spiffeId: id('/s') }, { selectors: selectors('a:1') }];
        for (const [n, changes] of different.entries()) {
          const entry = newEntry({ id: String(n), selectors: selectors('a:1', 'b:2'), ...changes });
          assert.equal((await entries.create(entry)).kind, 'created');
        }
      }));

    it('finds the similar entry among writes of the same turn', () =>
      withDatastore(create, async ({ datastore: { entries } }) => {
        const outcomes = await Promise.all(['a', 'b', 'c'].map((name) => entries.create(newEntry({ id: name }))));
        assert.deepEqual(
          outcomes.map(({ kind, entry }) => [kind, entry.id]),
          [
            ['created', 'a'],
            ['similar', 'a'],
            ['similar', 'a'],
          ],
        );
      }));

    const refused: { name: string; entry: NewEntry; code: string; message: RegExp }[] = [
      {
        name: 'an ID that is there',
        entry: newEntry({ spiffeId: id('/x') }),
        code: 'ERR_ENTRY_EXISTS',
        message: /"web"/,
      },
      {
        name: 'a selector twice',
        entry: newEntry({ id: 'n', selectors: selectors('a:1', 'a:1') }),
        code: 'ERR_ENTRY_EXISTS',
        message: /selector "a:1" is given twice/,
      },
      {
        name: 'a DNS name twice',
        entry: newEntry({ id: 'n', spiffeId: id('/x'), dnsNames: ['a', 'a'] }),
        code: 'ERR_ENTRY_EXISTS',
        message: /DNS name "a" is given twice/,
      },
      {
        name: 'a federated trust domain without a bundle',
        entry: newEntry({ id: 'n', spiffeId: id('/x'), federatesWith: [TrustDomain.parse('other.org')] }),
        code: 'ERR_BUNDLE_NOT_FOUND',
        message: /^unable to find federated bundle "spiffe:\/\/other\.org"$/,
      },
    ];
    for (const { name, entry, code, message } of refused) {
      it(`refuses ${name} and writes nothing`, () =>
        withDatastore(create, async ({ datastore: { entries, changes } }) => {
          await entries.create(newEntry());
          await assert.rejects(entries.create(entry), { code, message });
          assert.equal(await entries.count({}), 1);
          assert.equal((await changes.since(0, 10)).length, 1);
        }));
    }

    it('updates only what the patch names, and counts the revision even when nothing differs', () =>
      withDatastore(create, async ({ datastore: { entries, bundles }, clock }) => {
        await bundles.append(trustDomain, {});
        const { entry } = await entries.create(full);
        await clock.advance(60_000);
        assert.deepEqual(await entries.update(full.id, {}), { ...entry, revisionNumber: 1 });
        const patch = { hint: '', expiresAt: undefined, selectors: selectors('z:1'), federatesWith: [] };
        const updated = await entries.update(full.id, patch);
        assert.deepEqual(updated, { ...entry, ...patch, revisionNumber: 2 });
        assert.deepEqual(await entries.get(full.id), updated);
        assert.equal(await entries.count({ selectors: { match: 'any', selectors: full.selectors } }), 0);
        assert.equal((await entries.create({ ...newEntry(updated), id: 'twin' })).kind, 'similar');
      }));

    it('lets an update make two entries similar', () =>
      withDatastore(create, async ({ datastore: { entries } }) => {
        await entries.create(newEntry());
        await entries.create(newEntry({ id: 'other', spiffeId: id('/other') }));
        const updated = await entries.update('other', { spiffeId: id('/web') });
        assert.equal(updated.spiffeId.path, '/web');
      }));

    it('undoes an update that its check forbids', () =>
      withDatastore(create, async ({ datastore: { entries } }) => {
        const { entry } = await entries.create(newEntry());
        const forbid = (): void => {
          throw new Error('forbidden');
        };
        await assert.rejects(entries.update('web', { hint: 'x' }, forbid), { code: 'ERR_DATASTORE' });
        assert.deepEqual(await entries.get('web'), entry);
      }));

    it('refuses to update or delete what is not there', () =>
      withDatastore(create, async ({ datastore: { entries } }) => {
        await entries.create(newEntry());
        await entries.delete('web');
        await assert.rejects(entries.delete('web'), { code: 'ERR_ENTRY_NOT_FOUND' });
        await assert.rejects(entries.update('web', {}), { code: 'ERR_ENTRY_NOT_FOUND' });
        await assert.rejects(entries.update('', {}), { code: 'ERR_ENTRY_NOT_FOUND' });
      }));

    it('gives each recreation under one ID a second of its own, even within one second and after a restart', async () => {
      await using database = await create();

      const seconds: number[] = [];
      for (let i = 0; i < 3; i++) {
        const engine = await database.open();
        await using datastore = await openDatastore({ engine, clock: new ManualClock(start), log: silentLogger });
        const { entry } = await datastore.entries.create(newEntry());
        seconds.push((entry.createdAt.getTime() - start.getTime()) / 1000);
        await datastore.entries.delete('web');
      }
      assert.deepEqual(seconds, [0, 1, 2]);
    });

    it('prunes what expired before the instant, and nothing else', () =>
      withDatastore(create, async ({ datastore: { entries, changes } }) => {
        const at = (ms: number): Date => new Date(start.getTime() + ms);
        await entries.create(newEntry({ id: 'past', spiffeId: id('/1'), expiresAt: at(-1) }));
        await entries.create(newEntry({ id: 'now', spiffeId: id('/2'), expiresAt: at(0) }));
        await entries.create(newEntry({ id: 'never', spiffeId: id('/3') }));
        const last = await changes.last();
        assert.deepEqual(await entries.pruneExpired(at(0), 9), ['past']);
        assert.deepEqual(
          (await collect(entries.all())).map((entry) => entry.id),
          ['now', 'never'],
        );
        assert.deepEqual(
          (await changes.since(last, 10)).map(({ noun, key }) => [noun, key]),
          [['entry', 'past']],
        );
      }));

    it('prunes no more at a time than it is told', () =>
      withDatastore(create, async ({ datastore: { entries } }) => {
        for (const name of ['a', 'b', 'c']) {
          await entries.create(newEntry({ id: name, spiffeId: id(`/${name}`), expiresAt: start }));
        }
        const later = new Date(start.getTime() + 1);
        const pruned = [await entries.pruneExpired(later, 2), await entries.pruneExpired(later, 2)];
        assert.deepEqual(
          pruned.map(({ length }) => length),
          [2, 1],
        );
        assert.deepEqual(pruned.flat().sort(), ['a', 'b', 'c']);
      }));

    describe('lists by', () => {
      const other = TrustDomain.parse('other.org');
      const seed = async (entries: EntryStore): Promise<void> => {
        await entries.create(newEntry({ id: 'a', selectors: selectors('s:1') }));
        await entries.create(newEntry({ id: 'ab', selectors: selectors('s:1', 's:2'), federatesWith: [trustDomain] }));
        await entries.create(newEntry({ id: 'b', selectors: selectors('s:2'), hint: 'h', federatesWith: [other] }));
        await entries.create(
          newEntry({ id: 'abc', selectors: selectors('s:1', 's:2', 's:3'), federatesWith: [other, trustDomain] }),
        );
        await entries.create(newEntry({ id: 'p', parentId: id('/p'), spiffeId: id('/s'), downstream: true }));
      };
      const ab = selectors('s:1', 's:2');
      const cases: { name: string; filter: EntryFilter; ids: string[] }[] = [
        { name: 'nothing', filter: {}, ids: ['a', 'ab', 'b', 'abc', 'p'] },
        { name: 'parent', filter: { parentId: id('/p') }, ids: ['p'] },
        { name: 'SPIFFE ID', filter: { spiffeId: id('/s') }, ids: ['p'] },
        { name: 'hint', filter: { hint: 'h' }, ids: ['b'] },
        { name: 'downstream', filter: { downstream: true }, ids: ['p'] },
        { name: 'exactly these selectors', filter: { selectors: { match: 'exact', selectors: ab } }, ids: ['ab'] },
        {
          name: 'a subset of selectors',
          filter: { selectors: { match: 'subset', selectors: ab } },
          ids: ['a', 'ab', 'b'],
        },
        {
          name: 'a superset of selectors',
          filter: { selectors: { match: 'superset', selectors: ab } },
          ids: ['ab', 'abc'],
        },
        {
          name: 'any selector',
          filter: { selectors: { match: 'any', selectors: selectors('s:3', 's:9') } },
          ids: ['abc'],
        },
        {
          name: 'a selector given twice',
          filter: { selectors: { match: 'exact', selectors: selectors('s:1', 's:1') } },
          ids: ['a'],
        },
        { name: 'exact federation', filter: { federatesWith: { match: 'exact', trustDomains: [other] } }, ids: ['b'] },
        {
          name: 'federation subset',
          filter: { federatesWith: { match: 'subset', trustDomains: [other] } },
          ids: ['b'],
        },
        {
          name: 'federation superset',
          filter: { federatesWith: { match: 'superset', trustDomains: [other] } },
          ids: ['b', 'abc'],
        },
        {
          name: 'any federation',
          filter: { federatesWith: { match: 'any', trustDomains: [trustDomain] } },
          ids: ['ab', 'abc'],
        },
        {
          name: 'all filters at once',
          filter: { parentId: node1, hint: 'h', selectors: { match: 'any', selectors: ab } },
          ids: ['b'],
        },
      ];
      for (const { name, filter, ids } of cases) {
        it(name, () =>
          withDatastore(create, async ({ datastore: { entries, bundles } }) => {
            await bundles.append(trustDomain, {});
            await bundles.append(other, {});
            await seed(entries);
            const page = await entries.list(filter, { size: 0, token: '' });
            assert.deepEqual(
              page.items.map((entry) => entry.id),
              ids,
            );
            assert.equal(await entries.count(filter), ids.length);
          }),
        );
      }

      it('refuses an empty set of selectors', () =>
        withDatastore(create, async ({ datastore: { entries } }) => {
          await assert.rejects(entries.count({ selectors: { match: 'any', selectors: [] } }), {
            code: 'ERR_INVALID_ARGUMENT',
          });
        }));
    });
  });
}
