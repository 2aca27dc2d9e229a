import assert from 'node:assert/strict';
import { EntryCache } from '../../dist/identity/entry-cache.js';
import { selectorSet } from '../../dist/identity/selector-index.js';
import { entry, selector } from '../support/entries.js';

describe('entry cache', () => {
  it('says what a replacement created, updated and removed', () => {
    const cache = new EntryCache();
    cache.replace([entry('same'), entry('changed'), entry('gone'), entry('again')]);
    const before = cache.entries.get('same');
    const changes = cache.replace([
      entry('same'),
      entry('changed', { revisionNumber: 1n }),
      entry('again', { createdAt: new Date('2031-01-01T00:00:00Z') }),
      entry('new'),
    ]);
    assert.deepEqual(
      changes.created.map(({ id }) => id),
      ['new'],
    );
    assert.deepEqual(
      changes.updated.map(([, { id }]) => id),
      ['changed', 'again'],
    );
    assert.deepEqual(
      changes.removed.map(({ id }) => id),
      ['gone'],
    );
    assert.equal(cache.entries.get('same'), before);
  });

  it('never matches an entry that is for a secret store', () => {
    const set = selectorSet([selector('unix:uid:1000')]);
    const cache = new EntryCache();
    cache.replace([entry('a')]);
    assert.equal(cache.match(set).length, 1);
    cache.replace([entry('a', { revisionNumber: 1n, storeSvid: true })]);
    assert.equal(cache.match(set).length, 0);
    assert.equal(cache.entries.size, 1);
  });
});
