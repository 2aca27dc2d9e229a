import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { SpiffeId } from '@credence/sdk';
import { silentLogger, systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import type { Datastore } from '../../dist/datastore/datastore.js';
import { openDatastore } from '../../dist/datastore/sql/open-datastore.js';
import { AgentChanges } from '../../dist/registration/agent-changes.js';
import { Registration } from '../../dist/registration/registration.js';
import {
  agent1,
  attestation,
  id,
  newEntry,
  selectors,
  start,
  temporaryDirectory,
  trustDomain,
} from '../datastore/fixtures.js';

const agent2 = id('/spire/agent/join_token/two');

/** What rang since it was last looked at. */
class Bell {
  readonly rings: string[] = [];
  /** The IDs that came with each of them. */
  readonly named: (readonly string[])[] = [];
  readonly over: Promise<void>;
  readonly #stop = new AbortController();

  constructor(registration: Registration, agent: SpiffeId) {
    this.over = this.#listen(registration, agent);
  }

  async #listen(registration: Registration, agent: SpiffeId): Promise<void> {
    try {
      for await (const { entries, bundles, entryIds } of registration.watches.watch(agent, this.#stop.signal)) {
        this.named.push([...entryIds].sort());
        this.rings.push([entries && 'entries', bundles && 'bundles'].filter(Boolean).join('+') || 'begun');
      }
    } catch (error) {
      if (error !== this.#stop.signal.reason) throw error;
    }
  }

  async taken(): Promise<string[]> {
    await new Promise(setImmediate);
    return this.rings.splice(0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.over;
  }
}

interface Started {
  readonly datastore: Datastore;
  readonly registration: Registration;
  readonly first: Bell;
  readonly second: Bell;
}

/** Two agents, both watching; the first has the selector k:1. */
async function withWatchers(work: (started: Started) => Promise<void>): Promise<void> {
  await using folder = await temporaryDirectory();
  const clock = new ManualClock(start);
  await using datastore = await openDatastore({ path: join(folder.path, 'd.sqlite3'), clock, log: silentLogger });
  await datastore.agents.attest(attestation({ id: agent1, selectors: selectors('k:1') }));
  await datastore.agents.attest(attestation({ id: agent2, serialNumber: '2' }));
  const settings = { trustDomain, datastore, clock, random: systemRandom, log: silentLogger };
  await using registration = new Registration(settings);
  await registration.start(new AbortController().signal);
  await using first = new Bell(registration, agent1);
  await using second = new Bell(registration, agent2);
  assert.deepEqual([await first.taken(), await second.taken()], [['begun'], ['begun']]);
  await work({ datastore, registration, first, second });
}

describe('AgentChanges', () => {
  it('rings the agent that an entry concerns when it is created, updated and deleted, and no other', () =>
    withWatchers(async ({ datastore: { entries }, first, second }) => {
      await entries.create(newEntry({ id: 'web', parentId: agent1 }));
      assert.deepEqual([await first.taken(), await second.taken()], [['entries'], []]);
      await entries.update('web', { hint: 'x' }, () => undefined);
      assert.deepEqual([await first.taken(), await second.taken()], [['entries'], []]);
      await entries.delete('web');
      assert.deepEqual([await first.taken(), await second.taken()], [['entries'], []]);
    }));

  it('rings both agents when an entry goes from one to the other', () =>
    withWatchers(async ({ datastore: { entries }, first, second }) => {
      await entries.create(newEntry({ id: 'web', parentId: agent1 }));
      await first.taken();
      await entries.update('web', { parentId: agent2 }, () => undefined);
      assert.deepEqual([await first.taken(), await second.taken()], [['entries'], ['entries']]);
    }));

  it('finds the agent through entries that parent entries, and through its aliases', () =>
    withWatchers(async ({ datastore: { entries }, first, second }) => {
      const alias = { parentId: id('/spire/server'), spiffeId: id('/pool'), selectors: selectors('k:1') };
      await entries.create(newEntry({ id: 'alias', ...alias }));
      assert.deepEqual([await first.taken(), await second.taken()], [['entries'], []]);
      await entries.create(newEntry({ id: 'middle', parentId: id('/pool'), spiffeId: id('/middle') }));
      await entries.create(newEntry({ id: 'leaf', parentId: id('/middle'), spiffeId: id('/leaf') }));
      assert.deepEqual([await first.taken(), await second.taken()], [['entries', 'entries'], []]);
      await entries.delete('alias');
      assert.deepEqual([await first.taken(), await second.taken()], [['entries'], []]);
    }));

  it('makes one ring of many that nobody has read', () =>
    withWatchers(async ({ datastore: { entries }, first }) => {
      const created = ['a', 'b', 'c'].map((name) =>
        entries.create(newEntry({ id: name, spiffeId: id(`/${name}`), parentId: agent1 })),
      );
      await Promise.all(created);
      assert.deepEqual(await first.taken(), ['entries']);
    }));

  it('names the entries that alone have come, changed or gone', () =>
    withWatchers(async ({ datastore: { entries }, first, second }) => {
      const create = (name: string): Promise<unknown> =>
        entries.create(newEntry({ id: name, spiffeId: id(`/${name}`), parentId: agent1 }));
      await create('a');
      await first.taken();
      await Promise.all([create('b'), create('c'), entries.update('a', { hint: 'x' }, () => undefined)]);
      await first.taken();
      await entries.update('a', { parentId: agent2 }, () => undefined);
      await first.taken();
      await entries.delete('b');
      await first.taken();
      assert.deepEqual(first.named, [[], ['a'], ['a', 'b', 'c'], ['a'], ['b']]);
      assert.deepEqual(second.named, [[], ['a']], 'and only to whom they concern');
    }));

  it('names none where more comes or goes with an entry: an alias, and the parent of others', () =>
    withWatchers(async ({ datastore: { entries }, first }) => {
      await entries.create(newEntry({ id: 'leaf', parentId: id('/middle'), spiffeId: id('/leaf') }));
      await entries.create(newEntry({ id: 'middle', parentId: agent1, spiffeId: id('/middle') }));
      await first.taken();
      await entries.update('middle', { spiffeId: id('/other') }, () => undefined);
      await first.taken();
      const alias = { parentId: id('/spire/server'), spiffeId: id('/pool'), selectors: selectors('k:1') };
      await entries.create(newEntry({ id: 'alias', ...alias }));
      await first.taken();
      assert.deepEqual(first.named, [[], [], [], []]);
    }));

  it('names none of many', () =>
    withWatchers(async ({ datastore: { entries }, first }) => {
      const names = Array.from({ length: 65 }, (_, index) => `e${index}`);
      await Promise.all(
        names.map((name) => entries.create(newEntry({ id: name, spiffeId: id(`/${name}`), parentId: agent1 }))),
      );
      await first.taken();
      assert.deepEqual(first.named.at(-1), []);
    }));

  it('rings everybody when a bundle has changed', () =>
    withWatchers(async ({ datastore: { bundles }, first, second }) => {
      await bundles.append(trustDomain, { x509Authorities: [], jwtAuthorities: [] });
      await first.taken();
      await second.taken();
      const authority = { certificate: Buffer.from('30030101ff', 'hex'), tainted: false };
      await bundles.append(trustDomain, { x509Authorities: [authority], jwtAuthorities: [] });
      assert.deepEqual([await first.taken(), await second.taken()], [['bundles'], ['bundles']]);
    }));

  it('ends the watch of an agent that is banned, or evicted, and of no other', () =>
    withWatchers(async ({ datastore: { agents }, first, second }) => {
      await agents.ban(agent1);
      await first.over;
      await agents.attest(attestation({ id: agent2, serialNumber: '3' }));
      assert.deepEqual(await second.taken(), ['entries']);
      await agents.delete(agent2);
      await second.over;
    }));

  it('ends every watch when it ends, and each that is begun afterwards', () =>
    withWatchers(async ({ registration, first, second }) => {
      registration.watches.end();
      await Promise.all([first.over, second.over]);
      await using late = new Bell(registration, agent1);
      await late.over;
    }));

  it('waits once for each agent, however many changes come meanwhile', async () => {
    const clock = new ManualClock(start);
    const changes = new AgentChanges({
      graph: { knows: () => true, isReached: () => true },
      clock,
      random: systemRandom,
    });
    const stop = new AbortController();
    const watches = Array.from({ length: 20 }, async (_, i) => {
      for await (const _ of changes.watch(id(`/spire/agent/x/${String(i)}`), stop.signal));
    });
    await new Promise(setImmediate);
    for (let i = 0; i < 50; i++) changes.bundlesChanged();
    assert.equal(clock.sleepers, 20);
    await clock.advance(5000);
    changes.bundlesChanged();
    assert.equal(clock.sleepers, 20);
    stop.abort();
    await Promise.allSettled(watches);
  });

  it('spreads what concerns many agents over a time', async () => {
    const clock = new ManualClock(start);
    const graph = { knows: () => true, isReached: () => true };
    let drawn = 0;
    const random = { ...systemRandom, uniform: () => (drawn++ % 10) / 10 };
    const changes = new AgentChanges({ graph, clock, random });
    const stop = new AbortController();
    let rung = 0;
    const watches = Array.from({ length: 100 }, async (_, i) => {
      for await (const { bundles } of changes.watch(id(`/spire/agent/x/${String(i)}`), stop.signal))
        if (bundles) rung++;
    });
    await new Promise(setImmediate);
    changes.bundlesChanged();
    await clock.advance(0);
    assert.equal(rung, 10);
    await clock.advance(100);
    await new Promise(setImmediate);
    assert.equal(rung, 60);
    await clock.advance(100);
    await new Promise(setImmediate);
    assert.equal(rung, 100);
    stop.abort();
    await Promise.allSettled(watches);
  });
});
