import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SelectorIndex, satisfies, selectorSet } from '../../dist/identity/selector-index.js';
import { entry, selector } from '../support/entries.js';

const values = fc.uniqueArray(fc.constantFrom('a:1', 'a:2', 'b:1', 'b:1:2', 'c:x'), { minLength: 1 });

describe('selector index', () => {
  it('finds exactly the entries whose selectors are all in the set, ascending by ID', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 30 }), fc.array(fc.nat(29)), values, (all, removed, set) => {
        const index = new SelectorIndex();
        const entries = all.map((selectors, i) => entry(`e${i}`, { selectors: selectors.map(selector) }));
        for (const added of entries) index.add(added);
        for (const i of removed) index.remove(`e${i}`);
        const kept = entries.filter((_, i) => !removed.includes(i));
        const wanted = selectorSet(set.map(selector));
        assert.deepEqual(
          index.match(wanted).map(({ id }) => id),
          kept
            .filter((candidate) => satisfies(wanted, candidate))
            .map(({ id }) => id)
            .sort(),
        );
      }),
    );
  });

  it('finds an entry by its new selectors only, after a change', () => {
    const index = new SelectorIndex();
    index.add(entry('a', { selectors: [selector('unix:uid:1')] }));
    index.add(entry('a', { selectors: [selector('unix:uid:2')] }));
    assert.deepEqual(index.match(selectorSet([selector('unix:uid:1')])), []);
    assert.equal(index.match(selectorSet([selector('unix:uid:2')])).length, 1);
  });

  it('gives an entry without selectors to nobody', () => {
    const index = new SelectorIndex();
    index.add(entry('a', { selectors: [] }));
    assert.deepEqual(index.match(selectorSet([selector('unix:uid:1')])), []);
    assert.equal(satisfies(new Set(), entry('a', { selectors: [] })), false);
  });

  it('looks at few of many entries that share a selector', () => {
    const index = new SelectorIndex();
    let looks = 0;
    for (let i = 0; i < 2000; i++) {
      const own = { type: 'unix', value: `path:/bin/${i}` };
      const shared = {
        type: 'unix',
        get value() {
          looks++;
          return 'uid:1';
        },
      };
      index.add(entry(`e${i}`, { selectors: [shared, own] }));
    }
    looks = 0;
    const set = selectorSet([selector('unix:uid:1'), selector('unix:path:/bin/1999')]);
    assert.deepEqual(
      index.match(set).map(({ id }) => id),
      ['e1999'],
    );
    assert.ok(looks < 10, String(looks));
  });
});
