// A real spire-agent joins our server, and serves workloads from it.
import assert from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Svid } from '@credence/sdk';
import type { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';
import { RealSpireAgent, lastIds } from './real-spire-agent.js';

describe('a real spire-agent on our server', function () {
  let deployment: Deployment;
  let spireAgent: string;
  let goPeer: string;
  let server: Child;
  const options = { config: { agent_ttl: '40s' } };

  before(async function () {
    spireAgent = program(this, 'spire-agent');
    goPeer = program(this, 'go-peer');
    deployment = await Deployment.create();
    server = await deployment.startServer(options);
    await deployment.writeBundle();
  });
  after(() => endOf(deployment));

  const parent = ['--parent-id', `spiffe://${trustDomain}/spire-node`];
  const arrives = (workload: Child, path: string): Promise<true> =>
    until(`${path} to arrive`, () => lastIds(workload).includes(path), 30);

  it('joins by token, gets entries and X.509-SVIDs, renews them and its own, survives restarts on both sides, and serves our helper', async () => {
    const spire = await RealSpireAgent.create(deployment, spireAgent);
    await deployment.createEntry('/legacy', ...parent, '--x509-svid-ttl', '8');
    const agent = await spire.start('-joinToken', await deployment.generateToken('/spire-node'));
    const joined = await spire.svid();

    const workload = spire.workload(goPeer, 'watch');
    const first = await until('an identity', () => workload.reports.find((report) => 'ids' in report), 30);
    assert.deepEqual(first['ids'], [`spiffe://${trustDomain}/legacy`]);
    const renewed = (): boolean =>
      workload.reports.some((report) => 'ids' in report && String(report['serials']) !== String(first['serials']));
    await until('a renewed X.509-SVID', renewed, 30);

    const jwt = spire.workload(goPeer, 'jwt', 'bank');
    await until('JWT-SVIDs that go-spiffe finds valid', () => jwt.reports.some((report) => 'keys' in report), 30);
    await jwt.stop();

    const second = await deployment.createEntry('/second', ...parent);
    await arrives(workload, '/second');
    await deployment.admin('entry', 'delete', '-entryID', second);
    await until('it to be gone', () => !lastIds(workload).includes('/second'), 30);

    await server.stop();
    server = await deployment.startServer(options);
    await deployment.createEntry('/third', ...parent);
    await arrives(workload, '/third');
    await until('a renewed SVID of the agent', async () => !(await spire.svid())?.equals(joined!), 40);
    await deployment.createEntry('/fourth', ...parent);
    await arrives(workload, '/fourth');
    const served = lastIds(workload);
    await workload.stop();

    await agent.stop();
    await spire.start(); // no token: its SVID is alive
    assert.match(await deployment.admin('agent', 'list'), /Found 1 attested agent:/);

    const files = join(deployment.folder, 'helper');
    const helper = await deployment.agent('helper', '--init', '--cert-dir', files, '--socket-path', spire.socket);
    assert.equal(helper.code, 0, helper.stderr);
    const { id } = await X509Svid.load(join(files, 'svid.pem'), join(files, 'svid_key.pem'));
    assert.equal(id.toString(), served.split(',')[0]);
  });

  it('leaves its data directory to our agent, once that is private, which goes on as the same agent, and takes it back', async () => {
    const spire = await RealSpireAgent.create(deployment, spireAgent, { name: 'handed' });
    await deployment.createEntry('/handed-on', '--parent-id', `spiffe://${trustDomain}/handed`);
    await (await spire.start('-joinToken', await deployment.generateToken('/handed'))).stop();
    const agents = await deployment.admin('agent', 'count');

    await chmod(deployment.agentDataDir('handed'), 0o700);
    const ours = await deployment.startAgent({ name: 'handed', token: false });
    const ourWorkload = spire.workload(goPeer, 'watch');
    await arrives(ourWorkload, '/handed-on');
    await Promise.all([ours.stop(), ourWorkload.stop()]);

    const theirs = await spire.start();
    const theirWorkload = spire.workload(goPeer, 'watch');
    await arrives(theirWorkload, '/handed-on');
    assert.equal(await deployment.admin('agent', 'count'), agents);
    await Promise.all([theirs.stop(), theirWorkload.stop()]);
  });

  // What SPIRE documents of agents whose attestor admits them once.
  for (const [verb, words] of [
    ['ban', 'Agent is banned: removing SVID and shutting down'],
    ['evict', 'Agent failed re-attestation; removing SVID and shutting down'],
  ] as const) {
    it(`removes its SVID and shuts down after "agent ${verb}", because our refusal says why`, async () => {
      const spire = await RealSpireAgent.create(deployment, spireAgent, { name: verb });
      const token = await deployment.generateToken(`/${verb}`);
      const agent = await spire.start('-joinToken', token);
      assert.ok((await spire.svid()) !== undefined);
      await deployment.admin('agent', verb, '-spiffeID', `spiffe://${trustDomain}/spire/agent/join_token/${token}`);
      const { stdout } = await until('spire-agent to end', () => !agent.running && agent.finished, 30);
      assert.ok(stdout.includes(words), stdout.slice(-2000));
      assert.equal(await spire.svid(), undefined);
    });
  }
});
