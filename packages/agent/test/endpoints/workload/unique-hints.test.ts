import assert from 'node:assert/strict';
import { silentLogger, type Logger } from '@credence/sdk/runtime';
import { withUniqueHints } from '../../../dist/endpoints/workload/unique-hints.js';
import { identity } from '../../support/fake-workload-snapshots.js';

const cases = [
  {
    name: 'keeps identities with different hints, in their order',
    given: [identity('a', { hint: 'x' }), identity('b', { hint: 'y' })],
    kept: ['a', 'b'],
  },
  {
    name: 'keeps all identities without a hint',
    given: [identity('a'), identity('b'), identity('c')],
    kept: ['a', 'b', 'c'],
  },
  {
    name: 'keeps the oldest entry of one hint, wherever it stands',
    given: [
      identity('a', { hint: 'x', createdAt: 3 }),
      identity('b', { hint: 'x', createdAt: 1 }),
      identity('c', { hint: 'x', createdAt: 2 }),
      identity('d'),
    ],
    kept: ['b', 'd'],
  },
  {
    name: 'keeps the smaller entry ID of two entries of the same age',
    given: [identity('a', { hint: 'x', createdAt: 1 }), identity('b', { hint: 'x', createdAt: 1 })],
    kept: ['a'],
  },
];

describe('unique hints (SPIFFE Workload API §5.2.1)', () => {
  for (const { name, given, kept } of cases) {
    it(name, () => {
      const identities = withUniqueHints(given, silentLogger);
      assert.deepEqual(
        identities.map(({ entryId }) => entryId),
        kept,
      );
    });
  }

  it('says which entry it ignores', () => {
    const warned: object[] = [];
    const log: Logger = { ...silentLogger, warn: (fields) => warned.push(fields) };
    withUniqueHints([identity('a', { hint: 'x' }), identity('b', { hint: 'x' })], log);
    assert.deepEqual(warned, [{ entryId: 'b', hint: 'x' }]);
  });
});
