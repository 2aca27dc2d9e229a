// What a real server issues over mutual TLS to this process, with rate limits off: X.509-SVIDs by BatchNewX509SVID, all
// proofs of possession checked, and JWT-SVIDs by NewJWTSVID. Client and server share the machine.
import { credentials } from '@grpc/grpc-js';
import { generateKey } from '@credence/sdk/keys';
import { entryApi, svidApi } from '@credence/sdk/wire';
import { Deployment } from '../support/deployment.js';
import { attest, call, newRequest } from '../support/grpc.js';
import { perSecond, printTable, runFor } from './measure/table.js';

await using deployment = await Deployment.create();
await deployment.startServer({ config: { ratelimit: { signing: false, attestation: false } } });
const roots = await deployment.admin('bundle', 'show');
const token = (await deployment.admin('token', 'generate')).split(/\s+/)[1] ?? '';
const address = `127.0.0.1:${String(deployment.port)}`;
const agent = await attest(address, roots, token);

const admin = entryApi.createClient(`unix://${deployment.adminSocket}`, credentials.createInsecure());
const created = await call(admin, 'BatchCreateEntry', {
  entries: [
    {
      id: 'bench',
      spiffe_id: { trust_domain: 'example.org', path: '/bench' },
      parent_id: { trust_domain: 'example.org', path: `/spire/agent/join_token/${token}` },
      selectors: [{ type: 'unix', value: 'uid:1' }],
    },
  ],
});
if (created.results[0]?.status?.code !== 0) throw new Error(JSON.stringify(created));
admin.close();

const csr = newRequest(await generateKey('ec-p256'));
const client = svidApi.createClient(address, agent);
const rows: [string, string][] = [];
for (const [size, lanes] of [
  [1, 1],
  [1, 16],
  [10, 4],
  [100, 4],
  [500, 1],
  [500, 2],
] as const) {
  const params = Array.from({ length: size }, () => ({ entry_id: 'bench', csr }));
  const batch = async (): Promise<void> => {
    const { results } = await call(client, 'BatchNewX509SVID', { params });
    const failed = results.find((result) => (result.status?.code ?? 0) !== 0);
    if (failed !== undefined) throw new Error(JSON.stringify(failed.status));
  };
  await runFor(1000, lanes, batch);
  const { runs, ms } = await runFor(4000, lanes, batch);
  rows.push([`${String(size)} a call, ${String(lanes)} calls at a time`, `${perSecond(runs * size, ms)} X.509-SVIDs`]);
}
printTable('BatchNewX509SVID over mutual TLS', rows);

const jwtRows: [string, string][] = [];
for (const lanes of [1, 16]) {
  const one = async (): Promise<void> => {
    await call(client, 'NewJWTSVID', { entry_id: 'bench', audience: ['bench'] });
  };
  await runFor(1000, lanes, one);
  const { runs, ms } = await runFor(4000, lanes, one);
  jwtRows.push([`${String(lanes)} calls at a time`, `${perSecond(runs, ms)} JWT-SVIDs`]);
}
client.close();
printTable('NewJWTSVID over mutual TLS', jwtRows);
