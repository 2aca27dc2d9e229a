// From nothing to the first X.509-SVID: a server with an empty data directory, a token and an entry, an agent, a fetch.
// The commands of an operator are calls of this process, so that what is measured is the two daemons.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { WorkloadApiClient } from '@credence/sdk';
import { agentApi, bundleApi, entryApi } from '@credence/sdk/wire';
import { toPem } from '@credence/sdk/x509';
import { node } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { call, isListening } from '../support/grpc.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';
import { printTable } from './measure/table.js';

const runs: { server: number; agent: number }[] = [];
for (let i = 0; i < 5; i++) runs.push(await coldStart());
const median = (values: number[]): string => `${values.sort((a, b) => a - b)[2]!.toFixed(0)} ms`;
printTable('Cold start, median of 5', [
  ['server, to its admin socket', median(runs.map((run) => run.server))],
  ['agent, from its start to the first X.509-SVID', median(runs.map((run) => run.agent))],
  ['both', median(runs.map((run) => run.server + run.agent))],
]);

async function coldStart(): Promise<{ server: number; agent: number }> {
  await using deployment = await Deployment.create();
  const command = (name: string): string => join(repository, `packages/${name}/bin/credence-${name}.js`);

  const started = performance.now();
  deployment.track(
    node(command('server'), [
      ...['run', '--trust-domain', 'example.org', '--bind-address', '127.0.0.1', '--port', String(deployment.port)],
      ...['--data-dir', deployment.serverDataDir, '--socket-path', deployment.adminSocket],
    ]),
  );
  await until('the server', () => isListening(deployment.adminSocket));
  const serverReady = performance.now();

  const { token, bundle } = await prepare(deployment);
  const agentStarted = performance.now();
  deployment.track(
    node(command('agent'), [
      ...['run', '--trust-domain', 'example.org', '--server-address', '127.0.0.1'],
      ...['--server-port', String(deployment.port), '--join-token', token, '--trust-bundle', bundle],
      ...['--data-dir', deployment.agentDataDir(), '--socket-path', deployment.workloadSocket()],
    ]),
  );
  await until('the agent', () => isListening(deployment.workloadSocket()));
  const client = new WorkloadApiClient({ address: `unix://${deployment.workloadSocket()}` });
  await client.fetchX509Svid();
  const agent = performance.now() - agentStarted;
  await client.close();
  return { server: serverReady - started, agent };
}

async function prepare(deployment: Deployment): Promise<{ token: string; bundle: string }> {
  const address = `unix://${deployment.adminSocket}`;
  const insecure = credentials.createInsecure();
  const agents = agentApi.createClient(address, insecure);
  const entries = entryApi.createClient(address, insecure);
  const bundles = bundleApi.createClient(address, insecure);
  const parent = { trust_domain: 'example.org', path: '/node' };
  const { value } = await call(agents, 'CreateJoinToken', { ttl: 60, agent_id: parent });
  await call(entries, 'BatchCreateEntry', {
    entries: [
      {
        spiffe_id: { trust_domain: 'example.org', path: '/bench' },
        parent_id: parent,
        selectors: [{ type: 'unix', value: `uid:${String(process.getuid?.())}` }],
      },
    ],
  });
  const { x509_authorities: authorities } = await call(bundles, 'GetBundle', {});
  const bundle = join(deployment.folder, 'bundle.pem');
  writeFileSync(bundle, authorities.map(({ asn1 }) => toPem(asn1, 'CERTIFICATE')).join(''));
  for (const client of [agents, entries, bundles]) client.close();
  return { token: value, bundle };
}
