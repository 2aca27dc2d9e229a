import assert from 'node:assert/strict';
import { credentials, status } from '@grpc/grpc-js';
import { entryApi } from '@credence/sdk/wire';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { until } from '../support/until.js';
import { WatchingWorkload, watchingWorkload } from '../support/watching-workload.js';

const agentId = /spiffe:\/\/example\.org\/spire\/agent\/join_token\/[0-9a-f-]+/;

describe('life of an agent', () => {
  let deployment: Deployment;

  beforeEach(async () => {
    deployment = await Deployment.create();
  });

  afterEach(() => deployment[Symbol.asyncDispose]());

  it('comes back without a token after kill -9, and serves the same identities', async () => {
    await deployment.startServer();
    const agent = await deployment.startAgent();
    await deployment.createEntry('/web');
    using before = new WatchingWorkload(deployment.workloadSocket());
    await until('an identity or a refusal', () => before.updates.length > 0 || before.ending !== undefined);
    await agent.stop('SIGKILL');
    await until('the stream breaks', () => before.ending !== undefined);
    await deployment.startAgent({ token: false });
    using after = new WatchingWorkload(deployment.workloadSocket());
    await after.waitFor('/web');
  });

  it('serves on while the server is killed and restarted, and takes up its changes', async () => {
    const server = await deployment.startServer();
    await deployment.startAgent();
    await deployment.createEntry('/first');
    using workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/first');
    await server.stop('SIGKILL');
    using late = new WatchingWorkload(deployment.workloadSocket());
    await late.waitFor('/first');
    await deployment.startServer();
    await deployment.createEntry('/second');
    await workload.waitFor('/first', '/second');
    assert.equal(workload.ending, undefined);
  });

  it('brings creation, update and deletion of entries to an open stream', async () => {
    await deployment.startServer();
    await deployment.startAgent();
    const first = await deployment.createEntry('/first');
    using workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/first');
    const second = await deployment.createEntry('/second');
    await workload.waitFor('/first', '/second');
    const parent = ['--parent-id', 'spiffe://example.org/agent', '--selector', `unix:uid:${process.getuid?.() ?? 0}`];
    const renamed = ['--entry-id', second, '--spiffe-id', 'spiffe://example.org/renamed', ...parent];
    await deployment.admin('entry', 'update', ...renamed);
    await workload.waitFor('/first', '/renamed');
    await deployment.admin('entry', 'delete', '--entry-id', first);
    await workload.waitFor('/renamed');
    await deployment.admin('entry', 'delete', '--entry-id', second);
    const ending = await until('the stream ends', () => workload.ending);
    assert.equal(ending.code, status.PERMISSION_DENIED);
    assert.equal(ending.details, 'no identity issued');
  });

  it('renews its own and the SVIDs of workloads so that nobody ever holds an expired one', async () => {
    await deployment.startServer({ config: { agent_ttl: '6s' } });
    const agent = await deployment.startAgent();
    await deployment.createEntry('/web', '--x509-svid-ttl', '4');
    using workload = await watchingWorkload(deployment.workloadSocket());
    await until('several rotations', () => workload.updates.length >= 5, 19);
    for (const [i, { svids }] of workload.updates.entries()) {
      assert.equal(svids.length, 1);
      const next = workload.updates[i + 1];
      if (next !== undefined && svids[0] !== undefined) assert.ok(next.at < svids[0].expiresAt);
    }
    assert.ok(agent.running);
    assert.match(agent.stdout + agent.stderr, /agent SVID renewed/);
  }).timeout(30_000);

  it('ends when it is banned, says why, and joins again after eviction', async () => {
    await deployment.startServer();
    const agent = await deployment.startAgent();
    const id = agentId.exec(await deployment.admin('agent', 'list'))?.[0] ?? '';
    await deployment.admin('agent', 'ban', '--spiffe-id', id);
    const { code, stdout, stderr } = await agent.finished;
    assert.equal(code, 1, stdout + stderr);
    assert.match(stderr, /AGENT_BANNED.*evict it on the server/);
    await deployment.admin('agent', 'evict', '--spiffe-id', id);
    await deployment.startAgent();
  });

  it('fetches 1,000 entries and serves the one that matches', async () => {
    await deployment.startServer();
    const client = entryApi.createClient(`unix:${deployment.adminSocket}`, credentials.createInsecure());
    try {
      const entries = Array.from({ length: 1000 }, (_, i) => ({
        spiffe_id: { trust_domain: 'example.org', path: `/many/${String(i)}` },
        parent_id: { trust_domain: 'example.org', path: '/agent' },
        selectors: [{ type: 'unix', value: `uid:${String(100_000 + i)}` }],
      }));
      for (let start = 0; start < 1000; start += 250) {
        await call(client, 'BatchCreateEntry', { entries: entries.slice(start, start + 250) });
      }
    } finally {
      client.close();
    }
    await deployment.createEntry('/web');
    await deployment.startAgent();
    using workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/web');
  }).timeout(40_000);
});
