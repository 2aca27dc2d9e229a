import assert from 'node:assert/strict';
import { silentLogger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { checkAgent, type AgentVerdict } from '../../dist/api/agent-check.js';
import type { AgentStore } from '../../dist/datastore/agent-store.js';
import { openDatastore } from '../../dist/datastore/sql/open-datastore.js';
import { agent1, attestation, start, temporaryDirectory } from '../datastore/fixtures.js';

const expiresAt = new Date(start.getTime() + 3_600_000);
const peer = { id: agent1, serialNumber: '2', expiresAt };

/** What comes of the first use of a renewed SVID when `rival` writes first. */
async function firstUseAfter(rival: (agents: AgentStore) => Promise<unknown>): Promise<AgentVerdict> {
  await using directory = await temporaryDirectory();
  const clock = new ManualClock(start);
  await using datastore = await openDatastore({ path: `${directory.path}/db`, clock, log: silentLogger });
  const { agents } = datastore;
  await agents.attest(attestation({ serialNumber: '1' }));
  await agents.renew(agent1, { serialNumber: '2', expiresAt });
  const raced = {
    get: agents.get.bind(agents),
    promote: async (...args: Parameters<AgentStore['promote']>) => {
      await rival(agents);
      await agents.promote(...args);
    },
  };
  return await checkAgent(peer, { agents: raced, clock });
}

describe('the first use of a renewed agent SVID', () => {
  it('makes it the current one', async () => {
    const verdict = await firstUseAfter(() => Promise.resolve());
    assert.ok(verdict.kind === 'active');
    assert.deepEqual([verdict.agent.serialNumber, verdict.agent.renewed], ['2', undefined]);
  });

  it('counts as well when another call used it first', async () => {
    assert.equal((await firstUseAfter((agents) => agents.promote(agent1, '2'))).kind, 'active');
  });

  const rivals: readonly [string, string, (agents: AgentStore) => Promise<unknown>][] = [
    ['a ban', 'AGENT_BANNED', (agents) => agents.ban(agent1)],
    ['an eviction', 'AGENT_NOT_ATTESTED', (agents) => agents.delete(agent1)],
    ['a newer renewal', 'AGENT_NOT_ACTIVE', (agents) => agents.renew(agent1, { serialNumber: '3', expiresAt })],
    ['a new attestation', 'AGENT_NOT_ACTIVE', (agents) => agents.attest(attestation({ serialNumber: '4' }))],
  ];
  for (const [name, reason, rival] of rivals) {
    it(`is refused with ${reason} when ${name} came between`, async () => {
      assert.deepEqual(await firstUseAfter(rival), { kind: 'refused', reason });
    });
  }
});
