// How every list pages.
import assert from 'node:assert/strict';
import type { Datastore } from '../../dist/datastore/datastore.js';
import type { EntryFilter } from '../../dist/domain/registration-entry.js';
import { collect, id, newEntry, selectors, withDatastore, type CreateDatabase } from './fixtures.js';

export function describePaging(create: CreateDatabase): void {
  describe('paging', () => {
    it('pages in creation order; the last page has a token too, and the page after it is empty', () =>
      withDatastore(create, async ({ datastore }) => {
        await seed(datastore, 5);
        assert.deepEqual(await pages(datastore, {}, 2), [['0', '1'], ['2', '3'], ['4'], []]);
        assert.deepEqual(await pages(datastore, {}, 5), [['0', '1', '2', '3', '4'], []]);
      }));

    it('skips what a filter leaves out without an empty page in between', () =>
      withDatastore(create, async ({ datastore }) => {
        await seed(datastore, 7);
        const filter: EntryFilter = { selectors: { match: 'exact', selectors: selectors('n:6') } };
        assert.deepEqual(await pages(datastore, filter, 2), [['6'], []]);
      }));

    for (const size of [0, -1]) {
      it(`gives everything without a token for page size ${String(size)}, whatever the token`, () =>
        withDatastore(create, async ({ datastore }) => {
          await seed(datastore, 3);
          const page = await datastore.entries.list({}, { size, token: '2' });
          assert.deepEqual([page.items.length, page.nextToken], [3, '']);
        }));
    }

    it('takes the largest page size there is', () =>
      withDatastore(create, async ({ datastore }) => {
        await seed(datastore, 3);
        const page = await datastore.entries.list({}, { size: 2 ** 31 - 1, token: '' });
        assert.equal(page.items.length, 3);
      }));

    it('reads beyond one batch', () =>
      withDatastore(create, async ({ datastore }) => {
        await seed(datastore, 2001);
        assert.equal((await datastore.entries.list({}, { size: 0, token: '' })).items.length, 2001);
        assert.equal((await datastore.entries.list({}, { size: 1500, token: '' })).items.length, 1500);
        assert.equal((await collect(datastore.entries.all())).length, 2001);
      }));

    it('continues behind a deleted row', () =>
      withDatastore(create, async ({ datastore }) => {
        await seed(datastore, 4);
        const { nextToken } = await datastore.entries.list({}, { size: 2, token: '' });
        await datastore.entries.delete('1');
        const page = await datastore.entries.list({}, { size: 2, token: nextToken });
        assert.deepEqual(
          page.items.map((entry) => entry.id),
          ['2', '3'],
        );
      }));

    it('answers an empty page to a token beyond every row', () =>
      withDatastore(create, async ({ datastore }) => {
        await seed(datastore, 2);
        const page = await datastore.entries.list({}, { size: 2, token: '99999999999999999999999999' });
        assert.deepEqual(page, { items: [], nextToken: '' });
      }));

    for (const token of ['x', '-1', '1.5', ' 1', '1e3']) {
      it(`refuses the token ${JSON.stringify(token)}`, () =>
        withDatastore(create, async ({ datastore }) => {
          await seed(datastore, 2);
          assert.equal((await datastore.entries.list({}, { size: 1, token: '1' })).items.length, 1);
          await assert.rejects(datastore.entries.list({}, { size: 1, token }), {
            code: 'ERR_INVALID_ARGUMENT',
            message: /could not parse token/,
          });
        }));
    }
  });
}

async function seed({ entries }: Datastore, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, n) => String(n));
  await Promise.all(
    numbers.map((n) => entries.create(newEntry({ id: n, spiffeId: id(`/${n}`), selectors: selectors(`n:${n}`) }))),
  );
}

async function pages({ entries }: Datastore, filter: EntryFilter, size: number): Promise<readonly string[][]> {
  const found: string[][] = [];
  let token = '';
  do {
    const page = await entries.list(filter, { size, token });
    found.push(page.items.map((entry) => entry.id));
    token = page.nextToken;
  } while (token !== '');
  return found;
}
