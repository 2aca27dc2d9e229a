import assert from 'node:assert/strict';
import fc from 'fast-check';
import { join } from 'node:path';
import type { SpiffeId } from '@credence/sdk';
import { silentLogger, systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import type { Datastore } from '../../dist/datastore/datastore.js';
import { openDatastore } from '../../dist/datastore/sql/open-datastore.js';
import { Registration } from '../../dist/registration/registration.js';
import { attestation, id, newEntry, selectors, start, temporaryDirectory, trustDomain } from '../datastore/fixtures.js';

// Few names, so that entries collide, chain, form cycles and become aliases.
const agentIds = ['a', 'b'].map((name) => id(`/spire/agent/t/${name}`));
const entryIds = ['1', '2', '3', '4', '5', '6'];
const workloads = ['/w1', '/w2', '/w3'].map(id);
const parents = [...agentIds, ...workloads, id('/spire/server')];
const keys = ['k:1', 'k:2', 'k:3'];

type Step = (datastore: Datastore) => Promise<unknown>;

const someSelectors = fc.subarray(keys, { minLength: 1 }).map((some) => selectors(...some));
const changes = fc.record(
  {
    spiffeId: fc.constantFrom(...workloads),
    parentId: fc.constantFrom(...parents),
    selectors: someSelectors,
    admin: fc.boolean(),
    downstream: fc.boolean(),
    expiresAt: fc.constantFrom(undefined, start),
  },
  { requiredKeys: [] },
);
const entryId = fc.constantFrom(...entryIds);
const agentId = fc.constantFrom(...agentIds);

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(entryId, changes).map(
    ([name, some]): Step =>
      ({ entries }) =>
        entries.create(newEntry({ ...some, id: name })),
  ),
  fc.tuple(entryId, changes).map(
    ([name, some]): Step =>
      ({ entries }) =>
        entries.update(name, some),
  ),
  entryId.map(
    (name): Step =>
      ({ entries }) =>
        entries.delete(name),
  ),
  fc.constant<Step>(({ entries }) => entries.pruneExpired(new Date(start.getTime() + 1), 9)),
  fc.tuple(agentId, fc.subarray(keys), fc.boolean()).map(([agent, some, expired]): Step => ({ agents }) => {
    const expiresAt = new Date(start.getTime() + (expired ? 0 : 1000));
    return agents.attest(attestation({ id: agent, selectors: selectors(...some), expiresAt }));
  }),
  agentId.map(
    (agent): Step =>
      ({ agents }) =>
        agents.ban(agent),
  ),
  agentId.map(
    (agent): Step =>
      ({ agents }) =>
        agents.delete(agent),
  ),
);

describe('the entry graph', () => {
  it('equals one that is loaded afresh, after any writes, alone or together', async function () {
    this.timeout(60_000);
    await using folder = await temporaryDirectory();
    let run = 0;
    const property = fc.asyncProperty(fc.array(fc.array(steps, { maxLength: 4 }), { maxLength: 12 }), async (turns) => {
      const path = join(folder.path, `${String(run++)}.sqlite3`);
      const clock = new ManualClock(start);
      await using datastore = await openDatastore({ path, clock, log: silentLogger });
      const settings = { trustDomain, datastore, clock, random: systemRandom, log: silentLogger };
      await using followed = new Registration(settings);
      await followed.start(new AbortController().signal);
      for (const turn of turns) {
        await Promise.allSettled(turn.map((step) => step(datastore)));
        await using rebuilt = new Registration(settings);
        await rebuilt.start(new AbortController().signal);
        assert.deepEqual(answers(followed), answers(rebuilt));
      }
    });
    await fc.assert(property, { numRuns: 40 });
  });
});

/** All that a registration answers; `forAgent` and `find` must agree too. */
function answers({ authorized, grants }: Registration): unknown {
  const byId = (a: { id: string }, b: { id: string }): number => a.id.localeCompare(b.id);
  const perAgent = agentIds.map((agent: SpiffeId) => {
    const entries = [...authorized.forAgent(agent)].sort(byId);
    const found = entryIds.flatMap((name) => authorized.find(agent, name) ?? []).sort(byId);
    assert.deepEqual(found, entries);
    return entries;
  });
  const perCaller = workloads.map((caller) => ({
    admin: grants.isAdmin(caller),
    downstream: [...grants.downstreamEntries(caller)].sort(byId),
  }));
  return { perAgent, perCaller };
}
