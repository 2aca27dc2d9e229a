// Processes without an identity that take all they can get of the agent: it keeps descriptors and memory, and serves the
// others meanwhile.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { WorkloadApiClient } from '@credence/sdk';
import { systemClock } from '@credence/sdk/runtime';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { attack, attacks } from '../support/hostile-caller.js';
import { until } from '../support/until.js';

const root = process.geteuid?.() === 0;
const openFiles = 1024;
// Far more than it takes on a busy machine, far less than a caller waits.
const longestMs = 3000;
const mebibyte = 2 ** 20;

const descriptors = ({ pid }: Child): number => readdirSync(`/proc/${pid}/fd`).length;

function memory({ pid }: Child): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

async function fetchId(deployment: Deployment): Promise<string> {
  const client = new WorkloadApiClient({ address: `unix://${deployment.workloadSocket()}` });
  try {
    return String((await client.fetchX509Svid({ signal: AbortSignal.timeout(30_000) })).id);
  } finally {
    await client.close();
  }
}

describe('an agent under attack by a process of its machine', () => {
  let deployment: Deployment;
  let agent: Child;

  beforeEach(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    agent = await deployment.startAgent({ shell: `ulimit -n ${openFiles}` });
    await deployment.createEntry('/web');
    await until('the entry to arrive', () => fetchId(deployment));
  });

  afterEach(() => deployment[Symbol.asyncDispose]());

  for (const kind of attacks) {
    it(`serves on and stays small: ${kind}`, async () => {
      const before = memory(agent);
      const attacker = deployment.track(attack(deployment.workloadSocket(), kind));
      const deadline = performance.now() + 6000;
      while (performance.now() < deadline) {
        await systemClock.sleep(250);
        assert.ok(attacker.running, attacker.stderr);
        assert.ok(descriptors(agent) < openFiles - 128, `${descriptors(agent)} descriptors`);
        assert.ok(memory(agent) - before < 400 * mebibyte, `${memory(agent) / mebibyte} MiB`);
        // Without root the attacker is the same user, and its share is his.
        if (!root) continue;
        const asked = performance.now();
        assert.equal(await fetchId(deployment), 'spiffe://example.org/web');
        const waited = performance.now() - asked;
        assert.ok(waited < longestMs, `another waited for ${waited.toFixed()} ms`);
      }
      await attacker.stop('SIGKILL');
      assert.equal(await until('the agent to serve', () => fetchId(deployment)), 'spiffe://example.org/web');
      assert.ok(agent.stdout.length < 100_000, `${agent.stdout.length} bytes of log`);
    }).timeout(120_000);
  }
});
