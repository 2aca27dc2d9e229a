import assert from 'node:assert/strict';
import { SpiffeId } from '@credence/sdk';
import { ManualClock } from '@credence/sdk/testing';
import type { RegistrationEntry } from '../../dist/domain/registration-entry.js';
import { EntryGraph } from '../../dist/registration/entry-graph.js';
import { agent1, attestation, id, newEntry, selectors, start, trustDomain } from '../datastore/fixtures.js';

const server = id('/spire/server');

function entry(name: string, changes: Parameters<typeof newEntry>[0] = {}): RegistrationEntry {
  const created = newEntry({ id: name, spiffeId: id(`/${name}`), ...changes });
  return { ...created, revisionNumber: 0, createdAt: start };
}

function createGraph(...entries: RegistrationEntry[]): { graph: EntryGraph; clock: ManualClock } {
  const clock = new ManualClock(start);
  const graph = new EntryGraph({ trustDomain, clock });
  for (const each of entries) graph.putEntry(each);
  return { graph, clock };
}

function authorized(graph: EntryGraph): string[] {
  return graph
    .forAgent(agent1)
    .map((each) => each.id)
    .sort();
}

const agent = (changes: Parameters<typeof attestation>[0] = {}) => ({
  ...attestation(changes),
  renewed: undefined,
  agentVersion: '',
});

describe('EntryGraph', () => {
  it('gives an agent the entries below it, even before the agent is known', () => {
    const { graph } = createGraph(entry('a', { parentId: agent1 }), entry('b'));
    assert.deepEqual(authorized(graph), ['a']);
    assert.equal(graph.find(agent1, 'a')?.id, 'a');
    assert.equal(graph.find(agent1, 'b'), undefined);
    assert.equal(graph.find(agent1, 'unknown'), undefined);
  });

  it('walks from entry to entry, each once, and ends in a cycle', () => {
    const { graph } = createGraph(
      entry('a', { parentId: agent1 }),
      entry('b', { parentId: id('/a') }),
      entry('c', { parentId: id('/b') }),
      entry('back', { parentId: id('/c'), spiffeId: id('/a') }),
      entry('self', { parentId: id('/self') }),
    );
    assert.deepEqual(authorized(graph), ['a', 'b', 'back', 'c']);
    assert.equal(graph.find(agent1, 'back')?.id, 'back');
    assert.equal(graph.find(agent1, 'self'), undefined);
  });

  describe('with a node alias', () => {
    const alias = entry('alias', { parentId: server, spiffeId: id('/node'), selectors: selectors('k:1', 'k:2') });
    const below = entry('below', { parentId: id('/node') });

    it('gives what is below the alias to an agent with all its selectors, and never the alias', () => {
      const { graph } = createGraph(alias, below);
      graph.putAgent(agent({ selectors: selectors('k:1', 'k:2', 'k:3') }));
      assert.deepEqual(authorized(graph), ['below']);
      assert.equal(graph.find(agent1, 'below')?.id, 'below');
      assert.equal(graph.find(agent1, 'alias'), undefined);
    });

    for (const keys of [[], ['k:1'], ['k:2'], ['k:2', 'k:3']]) {
      it(`gives nothing to an agent with the selectors [${keys.join(' ')}]`, () => {
        const { graph } = createGraph(alias, below);
        graph.putAgent(agent({ selectors: selectors(...keys) }));
        assert.deepEqual(authorized(graph), []);
        assert.equal(graph.find(agent1, 'below'), undefined);
      });
    }

    it('gives nothing to an agent whose SVID has expired', async () => {
      const { graph, clock } = createGraph(alias, below);
      graph.putAgent(agent({ selectors: alias.selectors, expiresAt: new Date(start.getTime() + 1000) }));
      await clock.advance(999);
      assert.deepEqual(authorized(graph), ['below']);
      await clock.advance(1);
      assert.deepEqual(authorized(graph), []);
      assert.equal(graph.find(agent1, 'below'), undefined);
    });

    it('gives nothing to an agent that is banned, removed, or attested without the selectors', () => {
      const { graph } = createGraph(alias, below);
      const good = agent({ selectors: alias.selectors });
      const bad = [
        () => {
          graph.putAgent({ ...good, serialNumber: '' });
        },
        () => {
          graph.removeAgent(agent1);
        },
        () => {
          graph.putAgent({ ...good, selectors: [] });
        },
      ];
      for (const worsen of bad) {
        graph.putAgent(good);
        assert.deepEqual(authorized(graph), ['below']);
        worsen();
        assert.deepEqual(authorized(graph), []);
      }
    });

    it('does not chain aliases', () => {
      const chained = entry('chained', {
        parentId: server,
        spiffeId: id('/far'),
        selectors: selectors('spiffe_id:/node'),
      });
      const { graph } = createGraph(alias, chained, entry('far', { parentId: id('/far') }));
      graph.putAgent(agent({ selectors: alias.selectors }));
      assert.deepEqual(authorized(graph), []);
    });

    it('follows an alias that is moved below a node, and back', () => {
      const { graph } = createGraph(alias, below);
      graph.putAgent(agent({ selectors: alias.selectors }));
      graph.putEntry({ ...alias, parentId: id('/elsewhere') });
      assert.deepEqual(authorized(graph), []);
      graph.putEntry(alias);
      assert.deepEqual(authorized(graph), ['below']);
      graph.removeEntry('alias');
      assert.deepEqual(authorized(graph), []);
    });
  });

  it('follows the updates and the removal of an entry', () => {
    const { graph } = createGraph(entry('a', { parentId: agent1 }), entry('b', { parentId: id('/a') }));
    graph.putEntry(entry('a', { parentId: agent1, spiffeId: id('/renamed') }));
    assert.deepEqual(authorized(graph), ['a']);
    graph.putEntry(entry('b', { parentId: id('/renamed'), hint: 'new' }));
    assert.equal(graph.find(agent1, 'b')?.hint, 'new');
    graph.removeEntry('a');
    assert.deepEqual(authorized(graph), []);
  });

  it('leaves out entries of other trust domains', () => {
    const foreign = SpiffeId.parse('spiffe://other.org/x');
    const { graph } = createGraph(
      entry('parent', { parentId: foreign, admin: true, downstream: true }),
      entry('child', { parentId: agent1, spiffeId: foreign, admin: true, downstream: true }),
    );
    assert.deepEqual(authorized(graph), []);
    assert.equal(graph.find(agent1, 'child'), undefined);
    assert.equal(graph.isAdmin(foreign), false);
    assert.deepEqual(graph.downstreamEntries(foreign), []);
  });

  it('grants each of admin and downstream only by its own flag', () => {
    const { graph } = createGraph(
      entry('admin', { admin: true }),
      entry('downstream', { downstream: true }),
      entry('plain'),
      entry('twin', { spiffeId: id('/plain'), parentId: id('/elsewhere'), admin: true }),
    );
    assert.deepEqual(
      ['/admin', '/downstream', '/plain', '/unknown'].map((path) => [
        graph.isAdmin(id(path)),
        graph.downstreamEntries(id(path)).map((each) => each.id),
      ]),
      [
        [true, []],
        [false, ['downstream']],
        [true, []],
        [false, []],
      ],
    );
  });
});
