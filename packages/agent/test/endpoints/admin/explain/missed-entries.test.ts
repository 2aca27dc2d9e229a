import assert from 'node:assert/strict';
import fc from 'fast-check';
import { missedEntries } from '../../../../dist/endpoints/admin/explain/missed-entries.js';
import { satisfies, selectorSet } from '../../../../dist/identity/selector-index.js';
import { entry, selector } from '../../../support/entries.js';

const found = selectorSet([selector('unix:uid:1000'), selector('unix:gid:1000')]);
const selectors = (...texts: string[]): { selectors: ReturnType<typeof selector>[] } => ({
  selectors: texts.map(selector),
});

describe('missedEntries', () => {
  it('names the selectors that are missing, and no entry that matches', () => {
    const missed = missedEntries(
      [entry('matches'), entry('misses', selectors('unix:uid:1000', 'unix:user:web', 'docker:env:A=B'))],
      found,
    );
    assert.deepEqual(
      missed.map((each) => [each.entry.id, each.missingSelectors]),
      [['misses', [selector('unix:user:web'), selector('docker:env:A=B')]]],
    );
  });

  it('has the nearest first: the least missing, then the most found, then by ID', () => {
    const missed = missedEntries(
      [
        entry('far', selectors('k:1', 'k:2')),
        entry('b', selectors('k:1')),
        entry('a', selectors('k:1')),
        entry('z', selectors('k:1', 'unix:uid:1000')),
      ],
      found,
    );
    assert.deepEqual(
      missed.map((each) => each.entry.id),
      ['z', 'a', 'b', 'far'],
    );
  });

  it('leaves out what gives the agent its name', () => {
    const name = entry('name', selectors('spiffe_id:spiffe://example.org/spire/agent/join_token/1'));
    assert.deepEqual(missedEntries([name, entry('other', selectors('k:1'))], found).length, 1);
    assert.deepEqual(missedEntries([name], found), []);
  });

  it('says of each entry either that it matches or what is missing', () => {
    const key = fc.constantFrom('k:1', 'k:2', 'k:3', 'k:4');
    fc.assert(
      fc.property(fc.array(fc.array(key, { maxLength: 4 }), { maxLength: 8 }), fc.array(key), (wanted, had) => {
        const set = selectorSet(had.map(selector));
        const entries = wanted.map((keys, index) => entry(`e${index}`, selectors(...keys)));
        const missed = missedEntries(entries, set);
        const ids = new Set(missed.map((each) => each.entry.id));
        for (const each of entries) assert.equal(ids.has(each.id), !satisfies(set, each));
      }),
    );
  });
});
