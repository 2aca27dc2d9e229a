// From the answer to BatchCreateEntry to the SVID on an open FetchX509SVID stream, through a real server and a real
// agent: with the server's rings, and with the same agent asking at intervals.
import { credentials } from '@grpc/grpc-js';
import { entryApi } from '@credence/sdk/wire';
import type { EntryClient } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { until } from '../support/until.js';
import { watchingWorkload, type WatchingWorkload } from '../support/watching-workload.js';
import { printTable } from './measure/table.js';

interface Case {
  readonly name: string;
  readonly watchChanges: boolean;
  /** Further entries at the agent. */
  readonly others: number;
  readonly rounds: number;
}

const cases: readonly Case[] = [
  { name: 'rings, 1 entry at the agent', watchChanges: true, others: 0, rounds: 200 },
  { name: 'rings, 1,000 entries at the agent', watchChanges: true, others: 1000, rounds: 200 },
  { name: 'at intervals (5 s), 1 entry at the agent', watchChanges: false, others: 0, rounds: 12 },
];

const rows: [string, string][] = [];
for (const { name, watchChanges, others, rounds } of cases) {
  const sorted = (await measure({ watchChanges, others, rounds })).sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toFixed(1);
  rows.push([name, `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (${String(rounds)} rounds)`]);
}
printTable('A new entry: from the answer to its creation to its SVID at the workload', rows);

async function measure({ watchChanges, others, rounds }: Omit<Case, 'name'>): Promise<number[]> {
  await using deployment = await Deployment.create();
  await deployment.startServer();
  await deployment.createEntry('/first');
  await deployment.startAgent({ config: { experimental: { watch_changes: watchChanges } } });
  const client = entryApi.createClient(`unix://${deployment.adminSocket}`, credentials.createInsecure());
  using workload: WatchingWorkload = await watchingWorkload(deployment.workloadSocket());
  for (let made = 0; made < others; made += 500) {
    await create(
      client,
      Array.from({ length: 500 }, (_, i) => [`/other/${String(made + i)}`, 'uid:4000000000']),
    );
  }
  const own = `uid:${String(process.getuid?.())}`;
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const path = `/late/${String(round)}`;
    const ids = await create(client, [[path, own]]);
    const answered = new Date();
    await until(`the SVID of ${path}`, () => workload.paths.includes(path), 30_000);
    took.push((workload.updates.at(-1)?.at ?? answered).getTime() - answered.getTime());
    await call(client, 'BatchDeleteEntry', { ids });
    await until(`the end of ${path}`, () => !workload.paths.includes(path), 30_000);
  }
  client.close();
  return took;
}

async function create(client: EntryClient, entries: readonly (readonly [string, string])[]): Promise<string[]> {
  const { results } = await call(client, 'BatchCreateEntry', {
    entries: entries.map(([path, value]) => ({
      spiffe_id: { trust_domain: 'example.org', path },
      parent_id: { trust_domain: 'example.org', path: '/agent' },
      selectors: [{ type: 'unix', value }],
    })),
  });
  const failed = results.find((result) => (result.status?.code ?? 0) !== 0);
  if (failed !== undefined) throw new Error(JSON.stringify(failed.status));
  return results.map(({ entry }) => entry?.id ?? '');
}
