// Registration entries created per second through the admin socket of a real server, each answer after its commit.
import { credentials } from '@grpc/grpc-js';
import { entryApi } from '@credence/sdk/wire';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { perSecond, printTable, runFor } from './measure/table.js';

await using deployment = await Deployment.create();
await deployment.startServer();
const client = entryApi.createClient(`unix://${deployment.adminSocket}`, credentials.createInsecure());

let made = 0;
const newEntry = (): object => ({
  spiffe_id: { trust_domain: 'example.org', path: `/bench/${String(++made)}` },
  parent_id: { trust_domain: 'example.org', path: '/node' },
  selectors: [{ type: 'unix', value: `uid:${String(made)}` }],
});

const rows: [string, string][] = [];
for (const [size, lanes] of [
  [1, 1],
  [1, 32],
  [50, 1],
  [50, 4],
] as const) {
  const batch = async (): Promise<void> => {
    const { results } = await call(client, 'BatchCreateEntry', {
      entries: Array.from({ length: size }, newEntry),
    });
    const failed = results.find((result) => (result.status?.code ?? 0) !== 0);
    if (failed !== undefined) throw new Error(JSON.stringify(failed.status));
  };
  await runFor(500, lanes, batch);
  const { runs, ms } = await runFor(4000, lanes, batch);
  rows.push([`${String(size)} a call, ${String(lanes)} calls at a time`, `${perSecond(runs * size, ms)} entries`]);
}
client.close();
printTable(`BatchCreateEntry on the admin socket (${made.toLocaleString('en-US')} entries at the end)`, rows);
