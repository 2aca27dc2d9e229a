// An agent with open FetchX509SVID streams, each on a connection of its own: its memory, and how soon all of them have an
// X.509-SVID that has just been replaced.
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata, type Client } from '@grpc/grpc-js';
import { entryApi, workloadApi } from '@credence/sdk/wire';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';
import { residentMiB } from '../support/memory.js';
import { printTable } from './measure/table.js';

const rotations = 3;
const rows: [string, string][] = [];
const clients: Client[] = [];
// Messages since the last rotation, and when the first and the last of them came.
let [arrived, first, last] = [0, 0, 0];

await using deployment = await Deployment.create();
await deployment.startServer();
const agent = await deployment.startAgent();
const id = await deployment.createEntry('/bench');
const admin = entryApi.createClient(`unix://${deployment.adminSocket}`, credentials.createInsecure());
(await watchingWorkload(deployment.workloadSocket()))[Symbol.dispose]();

await noteMemory('resident memory, idle');
for (const streams of [1000, 5000]) {
  const name = `${streams.toLocaleString('en-US')} streams`;
  const more = streams - clients.length;
  const started = performance.now();
  await Promise.all(Array.from({ length: more }, open));
  rows.push([
    `${more.toLocaleString('en-US')} more streams, opened and answered`,
    seconds(performance.now() - started),
  ]);
  await noteMemory(`resident memory, ${name}`);
  const took: number[] = [];
  for (let round = 0; round < rotations; round++) took.push(await rotate(streams, round));
  rows.push([`${name}: a new X.509-SVID, from the first to the last of them`, took.map(seconds).join(', ')]);
  await noteMemory('resident memory after that');
}
for (const client of [...clients, admin]) client.close();
printTable('Agent with open streams', rows);

// What the work before it has left behind goes when the collector comes round.
async function noteMemory(what: string): Promise<void> {
  const seen: string[] = [];
  for (const ms of [3000, 12_000]) {
    await sleep(ms);
    seen.push(residentMiB(agent).toFixed(0));
  }
  rows.push([`${what}: after 3 s, after 15 s`, `${seen.join(', ')} MiB`]);
}

/** Resolves when the first message is there. */
function open(): Promise<void> {
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_channelz': 0 };
  const client = workloadApi.createClient(
    `unix://${deployment.workloadSocket()}`,
    credentials.createInsecure(),
    options,
  );
  clients.push(client);
  const header = new Metadata();
  header.set('workload.spiffe.io', 'true');
  return new Promise((resolve, reject) => {
    const stream = client.FetchX509SVID({}, header);
    stream.on('error', reject).on('data', () => {
      last = performance.now();
      if (arrived++ === 0) first = last;
      resolve();
    });
  });
}

/** Changes what the X.509-SVID has to hold, as a renewal would; answers the time from the first stream to the last. */
async function rotate(streams: number, round: number): Promise<number> {
  arrived = 0;
  const name = `v${streams}-${round}.example.org`;
  const { results } = await call(admin, 'BatchUpdateEntry', {
    entries: [{ id, dns_names: [name] }],
    input_mask: { dns_names: true },
  });
  if (results[0]?.status?.code !== 0) throw new Error(JSON.stringify(results));
  await until('all streams to have it', () => arrived >= streams, 60);
  return last - first;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
