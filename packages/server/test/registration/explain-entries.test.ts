import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import type { RegistrationEntry } from '../../dist/domain/registration-entry.js';
import { EntryGraph } from '../../dist/registration/entry-graph.js';
import { explainEntries } from '../../dist/registration/explain-entries.js';
import type { EntryExplanation, EntryQuestion } from '../../dist/registration/ports.js';
import { agent1, id, newEntry, selectors, start, trustDomain } from '../datastore/fixtures.js';

function entry(name: string, changes: Parameters<typeof newEntry>[0] = {}): RegistrationEntry {
  const created = newEntry({ id: name, spiffeId: id(`/${name}`), parentId: agent1, ...changes });
  return { ...created, revisionNumber: 0, createdAt: start };
}

function explain(entries: readonly RegistrationEntry[], changes: Partial<EntryQuestion> = {}): EntryExplanation {
  const graph = new EntryGraph({ trustDomain, clock: new ManualClock(start) });
  for (const each of entries) graph.putEntry(each);
  const question = { agentId: agent1, agentSelectors: [], selectors: selectors('unix:uid:1000', 'unix:gid:1000') };
  return explainEntries(graph, { ...question, limit: Infinity, ...changes });
}

const missing = ({ missed }: EntryExplanation): (readonly [string, readonly string[]])[] =>
  missed.map((each) => [each.entry.id, each.missingSelectors.map(({ type, value }) => `${type}:${value}`)]);

describe('explainEntries', () => {
  it('tells what the workload gets by ID, and of the rest the selectors that are missing', () => {
    const told = explain([
      entry('b'),
      entry('a', { selectors: selectors('unix:gid:1000') }),
      entry('c', { selectors: selectors('unix:uid:1000', 'unix:uid:1001') }),
    ]);
    assert.deepEqual(
      told.entries.map((each) => each.id),
      ['a', 'b'],
    );
    assert.deepEqual(missing(told), [['c', ['unix:uid:1001']]]);
    assert.equal(told.missedCount, 1);
  });

  it('tells the nearest first: the least missing, then the most found, then by ID', () => {
    const entries = [
      entry('two', { selectors: selectors('k:1', 'k:2') }),
      entry('a', { selectors: selectors('k:1') }),
      entry('b', { selectors: selectors('k:1') }),
      entry('z', { selectors: selectors('k:1', 'unix:uid:1000') }),
    ];
    const order = ['z', 'a', 'b', 'two'];
    assert.deepEqual(
      missing(explain(entries)).map(([name]) => name),
      order,
    );
    const first = explain(entries, { limit: 2 });
    assert.deepEqual(
      missing(first).map(([name]) => name),
      order.slice(0, 2),
    );
    assert.equal(first.missedCount, 4);
  });

  it('tells the same few of very many as of all', () => {
    const entries = Array.from({ length: 3000 }, (_, index) =>
      entry(`e${(index * 1009) % 3000}`, { selectors: selectors(...(index % 7 === 0 ? ['k:1'] : ['k:1', 'k:2'])) }),
    );
    const all = explain(entries);
    for (const limit of [1, 10, 2000]) {
      const few = explain(entries, { limit });
      assert.deepEqual(missing(few), missing(all).slice(0, limit));
      assert.equal(few.missedCount, 3000);
    }
  });

  it('tells whose an entry is whose parent is another agent, through whatever leads there', () => {
    const other = id('/spire/agent/join_token/two');
    const told = explain([
      entry('direct', { parentId: other }),
      entry('through', { parentId: id('/direct') }),
      entry('nobody', { parentId: id('/unheard-of') }),
    ]);
    assert.deepEqual(told.entries, []);
    assert.deepEqual(
      told.missed.map((each) => [each.entry.id, each.missingSelectors, each.parent?.agents.map(String)]),
      [
        ['direct', [], [other.toString()]],
        ['nobody', [], []],
        ['through', [], [other.toString()]],
      ],
    );
  });

  it('tells of an alias which selectors the agent lacks', () => {
    const alias = entry('alias', {
      parentId: id('/spire/server'),
      spiffeId: id('/nodes'),
      selectors: selectors('k:1', 'k:2'),
    });
    const below = entry('below', { parentId: id('/nodes') });
    const told = explain([alias, below], { agentSelectors: selectors('k:1') });
    assert.deepEqual(
      told.missed.map((each) => each.parent),
      [{ agents: [], aliases: [{ entry: alias, missingSelectors: selectors('k:2') }] }],
    );
  });

  it('says that an entry is for a secret store, and leaves out the names of agents', () => {
    const told = explain([
      entry('stored', { storeSvid: true }),
      entry('name', { selectors: selectors('spiffe_id:spiffe://example.org/spire/agent/join_token/one') }),
    ]);
    assert.deepEqual(
      told.missed.map((each) => [each.entry.id, each.storeSvid]),
      [['stored', true]],
    );
  });
});
