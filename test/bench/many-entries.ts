// A server with 100,000 entries: how fast they are created as the table grows, how long the server takes to start with
// them and how much memory it holds, and how long it looks for those of one agent.
import { credentials } from '@grpc/grpc-js';
import { SpiffeId, TrustDomain } from '@credence/sdk';
import { systemClock } from '@credence/sdk/runtime';
import { entryApi } from '@credence/sdk/wire';
import type { EntryClient } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import { EntryGraph } from '../../packages/server/dist/registration/entry-graph.js';
import { Admin } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { call, isListening } from '../support/grpc.js';
import { RogueAgent } from '../support/rogue-agent.js';
import { until } from '../support/until.js';
import { residentMiB } from '../support/memory.js';
import { processorMs } from './measure/processor-time.js';
import { perSecond, printTable } from './measure/table.js';

const total = 100_000;
const perAgent = 100;
const perCall = 500;
const lanes = 4;
const trustDomain = TrustDomain.parse('example.org');
const rows: [string, string][] = [];

await using deployment = await Deployment.create();
const first = await start();
using admin = new Admin(deployment.adminSocket);
const server = {
  port: deployment.port,
  roots: await deployment.admin('bundle', 'show'),
  generateToken: () => admin.generateToken(),
};
using agent = await RogueAgent.join(server);
await fill();
rows.push(['resident memory when they have been created', memoryOf(first.server)]);
await first.server.stop();
const second = await start();
rows.push([
  'start, to the first answer',
  `${second.ms.toFixed(0)} ms, of the processor ${processorMs(second.server)} ms`,
]);
rows.push(['resident memory after the start', memoryOf(second.server)]);
using same = agent.as();
await measure(`GetAuthorizedEntries of ${perAgent} entries, over mTLS`, 300, async () => {
  const { entries } = await call(same.entries, 'GetAuthorizedEntries', {});
  if (entries.length !== perAgent) throw new Error(`${entries.length} entries`);
});
rows.push(['resident memory after those', memoryOf(second.server)]);
await second.server.stop();
await lookUp();
printTable(`A server with ${total.toLocaleString('en-US')} entries`, rows);

/** Starts the server on what is there; answers how long it took to its first answer. */
async function start(): Promise<{ readonly server: Child; readonly ms: number }> {
  const started = performance.now();
  const child = await deployment.launchServer({ config: { ratelimit: { attestation: false, signing: false } } });
  await until('the server to listen', () => isListening(deployment.adminSocket), 60);
  using asking = new Admin(deployment.adminSocket);
  await call(asking.entries, 'CountEntries', {});
  return { server: child, ms: performance.now() - started };
}

/** Creates the entries, `perAgent` of them below the agent, and notes the rate of each fifth. */
async function fill(): Promise<void> {
  const client = entryApi.createClient(`unix://${deployment.adminSocket}`, credentials.createInsecure());
  const fifth = total / 5;
  for (let done = 0; done < total; done += fifth) {
    const took: number[] = [];
    const started = performance.now();
    const starts = Array.from({ length: fifth / perCall }, (_, index) => done + index * perCall);
    const lane = async (): Promise<void> => {
      for (let at = starts.shift(); at !== undefined; at = starts.shift()) took.push(await create(client, at));
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    const rate = perSecond(fifth, performance.now() - started);
    rows.push([
      `created, up to ${(done + fifth).toLocaleString('en-US')}`,
      `${rate}, calls of ${perCall}: ${spread(took)}`,
    ]);
  }
  client.close();
}

async function create(client: EntryClient, from: number): Promise<number> {
  const entries = Array.from({ length: perCall }, (_, index) => {
    const number = from + index;
    const node = Math.floor(number / perAgent);
    return {
      spiffe_id: { trust_domain: trustDomain.name, path: `/service/${number}` },
      parent_id: { trust_domain: trustDomain.name, path: node === 0 ? agent.svid.path : `/node/${node}` },
      selectors: [
        { type: 'unix', value: `uid:${number}` },
        { type: 'k8s', value: `ns:${node}` },
      ],
    };
  });
  const started = performance.now();
  const { results } = await call(client, 'BatchCreateEntry', { entries });
  const failed = results.find(({ status }) => status?.code !== 0);
  if (failed !== undefined) throw new Error(failed.status?.message);
  return performance.now() - started;
}

/** The lookup alone, in this process. */
async function lookUp(): Promise<void> {
  const graph = new EntryGraph({ trustDomain, clock: systemClock });
  const agentId = (node: number): SpiffeId => SpiffeId.fromPath(trustDomain, `/node/${node}`);
  for (let number = 0; number < total; number++) {
    graph.putEntry({
      id: `entry-${number}`,
      parentId: agentId(Math.floor(number / perAgent)),
      spiffeId: SpiffeId.fromPath(trustDomain, `/service/${number}`),
      selectors: [{ type: 'unix', value: `uid:${number}` }],
      x509SvidTtlSeconds: 0,
      jwtSvidTtlSeconds: 0,
      dnsNames: [],
      federatesWith: [],
      admin: false,
      downstream: false,
      storeSvid: false,
      hint: '',
      expiresAt: undefined,
      additionalAttributes: undefined,
      revisionNumber: 0,
      createdAt: systemClock.now(),
    });
  }
  const nodes = total / perAgent;
  let round = 0;
  await measure(`the lookup of the ${perAgent} entries of an agent, alone`, 5000, () => {
    if (graph.forAgent(agentId(round++ % nodes)).length !== perAgent) throw new Error('wrong entries');
  });
  await measure('the lookup of one entry for an agent, alone', 5000, () => {
    const node = round++ % nodes;
    if (graph.find(agentId(node), `entry-${node * perAgent}`) === undefined) throw new Error('no entry');
  });
}

async function measure(what: string, rounds: number, work: () => Promise<void> | void): Promise<void> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    await work();
    took.push(performance.now() - started);
  }
  rows.push([what, spread(took)]);
}

function spread(took: number[]): string {
  const sorted = took.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toPrecision(3);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

function memoryOf(child: Child): string {
  return `${residentMiB(child).toFixed(0)} MiB`;
}
