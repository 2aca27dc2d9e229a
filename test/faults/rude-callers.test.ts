// Callers that dribble, break off, or do not read: the others are served as if they were not there.
import assert from 'node:assert/strict';
import { WorkloadApiClient } from '@credence/sdk';
import { systemClock } from '@credence/sdk/runtime';
import { residentMiB } from '../support/memory.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { attack, rudeness, type Attack } from '../support/hostile-caller.js';
import { until } from '../support/until.js';

const root = process.geteuid?.() === 0;
const attackMs = 2500;
// Far more than it takes on a busy machine, far less than a caller waits.
const longestMs = 3000;

describe('a rude caller of the agent', () => {
  let deployment: Deployment;
  let agent: Child;

  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.createEntry('/web');
    // The attacker's user has an identity, too: he gets as far as others do.
    if (root) await deployment.createEntry('/rude', '--selector', 'unix:uid:65534');
    agent = await deployment.startAgent();
    await until('the entry to arrive', fetchId);
  });

  after(() => deployment[Symbol.asyncDispose]());

  async function fetchId(): Promise<string> {
    const client = new WorkloadApiClient({ address: `unix://${deployment.workloadSocket()}` });
    try {
      return String((await client.fetchX509Svid({ signal: AbortSignal.timeout(10_000) })).id);
    } finally {
      await client.close();
    }
  }

  for (const kind of rudeness) {
    it(`delays nobody and costs little memory: ${kind}`, async () => {
      await suffer(kind);
    }).timeout(30_000);
  }

  // Such as the containers of a machine often are.
  for (const kind of ['frames of one byte', 'frames of no call', 'resets'] as const) {
    it(`delays nobody of its own user: ${kind}`, async () => {
      await suffer(kind, { sameUser: true });
    }).timeout(30_000);
  }

  async function suffer(kind: Attack, options?: { readonly sameUser: boolean }): Promise<void> {
    const before = residentMiB(agent);
    const attacker = deployment.track(attack(deployment.workloadSocket(), kind, options));
    const deadline = performance.now() + attackMs;
    let [most, slowest] = [before, 0];
    try {
      while (performance.now() < deadline) {
        // Without root the attacker is the same user, whose share of connections and calls it may take.
        const asked = performance.now();
        if (root || options?.sameUser === true) assert.equal(await fetchId(), 'spiffe://example.org/web');
        slowest = Math.max(slowest, performance.now() - asked);
        await systemClock.sleep(50);
        most = Math.max(most, residentMiB(agent));
        assert.ok(attacker.running, attacker.stderr);
      }
    } finally {
      await attacker.stop('SIGKILL');
    }
    assert.ok(slowest < longestMs, `${kind}: another waited for ${slowest.toFixed()} ms`);
    assert.ok(most - before < 150, `grew from ${before} to ${most} MiB`);
    assert.equal(await until('the agent to serve', fetchId), 'spiffe://example.org/web');
    assert.ok(agent.stdout.length < 100_000, `${agent.stdout.length} bytes of log`);
  }
});
