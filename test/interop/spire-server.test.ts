// Our agent joins a real spire-server.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, node } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';
import { program } from './programs.js';
import { startSpireServer, type SpireCommand } from './real-spire-server.js';

describe('our agent on a real spire-server', function () {
  let deployment: Deployment;
  let spire: SpireCommand;
  let goPeer: string;

  before(async function () {
    goPeer = program(this, 'go-peer');
    deployment = await Deployment.create();
    spire = await startSpireServer(this, deployment);
  });
  after(() => deployment[Symbol.asyncDispose]());

  it('joins by token, serves go-spiffe, follows new and deleted entries, renews', async () => {
    const bundle = join(deployment.folder, 'bundle.pem');
    await writeFile(bundle, (await spire('bundle', 'show')).stdout);
    const token = (await spire('token', 'generate', '-spiffeID', `spiffe://${trustDomain}/agent`)).stdout;
    const create = (path: string) =>
      spire(
        ...['entry', 'create', '-spiffeID', `spiffe://${trustDomain}${path}`, '-x509SVIDTTL', '8'],
        ...['-parentID', `spiffe://${trustDomain}/agent`, '-selector', `unix:uid:${String(process.getuid?.())}`],
        ...['-entryID', path.slice(1)],
      );
    assert.equal((await create('/first')).code, 0);

    const agentConfig = join(deployment.folder, 'agent.yaml');
    await writeFile(agentConfig, 'agent: { experimental: { sync_interval: 500ms } }\n');
    const agent = deployment.track(
      node(join(repository, 'packages/agent/bin/credence-agent.js'), [
        ...['run', '--config', agentConfig, '--trust-domain', trustDomain, '--server-address', '127.0.0.1'],
        ...['--server-port', String(deployment.port), '--join-token', token.split(' ')[1]!.trim()],
        ...['--trust-bundle', bundle, '--data-dir', deployment.agentDataDir()],
        ...['--socket-path', deployment.workloadSocket()],
      ]),
    );
    await until('our agent to serve', async () => {
      if (!agent.running) throw new Error(`it ended: ${agent.stdout}${agent.stderr}`);
      return (await deployment.agent('healthcheck', '--socket-path', deployment.workloadSocket())).code === 0;
    });

    const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${deployment.workloadSocket()}` };
    const workload = deployment.track(new Child(goPeer, ['watch'], { env }));
    // SPIRE rebuilds its cache of entries every 5 s: the agent may have none at first.
    const first = await until('an identity', () => workload.reports.find((report) => report['ids'] !== undefined), 30);
    assert.deepEqual(first['ids'], [`spiffe://${trustDomain}/first`]);
    const serials = String(first['serials']);
    await until('a renewed X.509-SVID', () =>
      workload.reports.some((report) => report['ids'] !== undefined && String(report['serials']) !== serials),
    );
    const jwt = deployment.track(new Child(goPeer, ['jwt', 'bank'], { env }));
    await until('JWT-SVIDs that go-spiffe and our agent find valid', () => {
      assert.ok(jwt.running, jwt.stderr);
      return jwt.reports.some((report) => 'keys' in report);
    });
    const { local, remote } = jwt.reports.find((report) => 'fetched' in report) ?? {};
    assert.deepEqual([local, remote], [`spiffe://${trustDomain}/first`, `spiffe://${trustDomain}/first`]);
    await jwt.stop();

    assert.equal((await create('/second')).code, 0);
    await until('the second identity', () => String(workload.reports.at(-1)?.['ids']).includes('/second'), 30);
    assert.equal((await spire('entry', 'delete', '-entryID', 'second')).code, 0);
    await until('it to be gone', () => !String(workload.reports.at(-1)?.['ids']).includes('/second'), 30);
  });
});
