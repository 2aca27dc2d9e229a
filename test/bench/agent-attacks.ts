// An agent that processes of another user attack: how long a caller waits for an X.509-SVID, from its connection on, and
// how much the agent grows meanwhile. Each attack has an agent of its own.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkloadApiClient, type X509Svid } from '@credence/sdk';
import { Deployment } from '../support/deployment.js';
import { attack, attacks, rudeness, type Attack } from '../support/hostile-caller.js';
import { residentMiB } from '../support/memory.js';
import { until } from '../support/until.js';
import { printTable } from './measure/table.js';

assert.equal(process.geteuid?.(), 0, 'the attackers are to be another user, which takes root');
const attackMs = 8000;
const rows: [string, string][] = [];
for (const kind of [undefined, ...attacks, ...rudeness]) rows.push([kind ?? 'nobody', await suffer(kind)]);
printTable('An X.509-SVID while others attack the agent', rows);

async function suffer(kind?: Attack): Promise<string> {
  await using deployment = await Deployment.create();
  await deployment.startServer();
  const agent = await deployment.startAgent();
  await deployment.createEntry('/bench');
  const socketPath = deployment.workloadSocket();
  await until('the entry to arrive', () => fetchSvid(socketPath));
  const before = residentMiB(agent);
  const attacker = kind && deployment.track(attack(socketPath, kind));
  const waits: number[] = [];
  let most = 0;
  const end = performance.now() + attackMs;
  while (performance.now() < end) {
    await sleep(50);
    const asked = performance.now();
    await fetchSvid(socketPath);
    waits.push(performance.now() - asked);
    most = Math.max(most, residentMiB(agent) - before);
  }
  await attacker?.stop('SIGKILL');
  waits.sort((a, b) => a - b);
  const [half = NaN, longest = NaN] = [waits[Math.floor(waits.length / 2)], waits.at(-1)];
  return `p50 ${half.toFixed()} ms, longest ${longest.toFixed()} ms, ${most.toFixed()} MiB more`;
}

async function fetchSvid(socketPath: string): Promise<X509Svid> {
  const client = new WorkloadApiClient({ address: `unix://${socketPath}` });
  try {
    return await client.fetchX509Svid({ signal: AbortSignal.timeout(60_000) });
  } finally {
    await client.close();
  }
}
