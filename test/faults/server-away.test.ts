// The server is away: the agent serves on, says so, and is back in step as soon as the server is.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { X509Source } from '@credence/sdk';
import { systemClock, systemRandom, silentLogger } from '@credence/sdk/runtime';
import { createServer } from '../../packages/server/dist/server.js';
import { settingsFor } from '../../packages/server/dist-test/support/settings.js';
import { Admin, verifyBy } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { WatchingWorkload, watchingWorkload } from '../support/watching-workload.js';

const dayMs = 24 * 3_600_000;

describe('while the server is away', () => {
  let deployment: Deployment;

  beforeEach(async () => {
    deployment = await Deployment.create();
  });

  afterEach(() => deployment[Symbol.asyncDispose]());

  /** The open stream and new ones are served, and the agent calls itself healthy. */
  async function servesOn(workload: WatchingWorkload): Promise<void> {
    using another = new WatchingWorkload(deployment.workloadSocket());
    await another.waitFor('/first');
    assert.equal(workload.ending, undefined);
    const health = await deployment.agent('healthcheck', '--socket-path', deployment.workloadSocket());
    assert.deepEqual([health.code, health.stdout], [0, 'Agent is healthy.\n']);
  }

  async function running(): Promise<{ server: Child; agent: Child; workload: WatchingWorkload }> {
    const server = await deployment.startServer();
    await deployment.createEntry('/first');
    const agent = await deployment.launchAgent();
    return { server, agent, workload: await watchingWorkload(deployment.workloadSocket()) };
  }

  it('killed and started again, the agent serves on, says so in its log, and takes up the changes', async () => {
    const { server, agent, workload } = await running();
    await server.stop('SIGKILL');
    const failure = await until('the agent to say so', () =>
      agent.reports.find(({ msg }) => msg === 'synchronization with the server failed'),
    );
    assert.match(JSON.stringify(failure), /ERR_SERVER_UNREACHABLE.*retryInMs/);
    await servesOn(workload);
    await deployment.startServer();
    await deployment.createEntry('/second');
    await workload.waitFor('/first', '/second');
    assert.equal(workload.ending, undefined);
    workload[Symbol.dispose]();
  });

  it('stopped and continued, the agent serves on and takes up the changes', async () => {
    const { server, workload } = await running();
    server.process.kill('SIGSTOP');
    try {
      await servesOn(workload);
    } finally {
      server.process.kill('SIGCONT');
    }
    await deployment.createEntry('/second');
    await workload.waitFor('/first', '/second');
    assert.equal(workload.ending, undefined);
    workload[Symbol.dispose]();
  });

  it('an agent that starts waits for it, and joins when it comes', async () => {
    const server = await deployment.startServer();
    await deployment.createEntry('/first');
    const flags = await deployment.joinFlags();
    await server.stop('SIGKILL');
    const agent = await deployment.launchAgent({ token: false, flags });
    await until('the agent to say so', () =>
      agent.reports.find(({ msg }) => msg === 'failed to retrieve attestation result'),
    );
    await deployment.startServer();
    using workload = await until('the socket', () => watchingWorkload(deployment.workloadSocket()));
    await workload.waitFor('/first');
  }).timeout(30_000);

  it('an agent that comes back without a server waits for it, and serves when it comes', async () => {
    const { server, agent, workload } = await running();
    workload[Symbol.dispose]();
    await Promise.all([agent.stop('SIGKILL'), server.stop('SIGKILL')]);
    const again = await deployment.launchAgent({ token: false });
    await until('the agent to say so', () =>
      again.reports.find(({ msg }) => msg === 'synchronization with the server failed'),
    );
    await deployment.startServer();
    using later = await watchingWorkload(deployment.workloadSocket());
    await later.waitFor('/first');
  }).timeout(30_000);

  it('an agent that keeps its identities on disk serves them again without a server, until it is back', async () => {
    const config = { persist_workload_identities: true };
    const server = await deployment.startServer();
    const first = await deployment.createEntry('/first');
    const agent = await deployment.launchAgent({ config });
    using before = await watchingWorkload(deployment.workloadSocket());
    await before.waitFor('/first');
    const [served] = before.updates.at(-1)!.svids;
    const file = join(deployment.agentDataDir(), 'workload-identities.sealed');
    await until('the identities to be on disk', () => existsSync(file));
    await Promise.all([agent.stop('SIGKILL'), server.stop('SIGKILL')]);

    const again = await deployment.launchAgent({ config, token: false });
    using workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/first');
    const [fromDisk] = workload.updates.at(-1)!.svids;
    assert.deepEqual(fromDisk!.certificates[0].raw, served!.certificates[0].raw);
    const says = (text: string): boolean => again.reports.some(({ msg }) => msg === text);
    assert.ok(says('the server does not answer: identities are served from disk'));
    await servesOn(workload);

    await deployment.startServer();
    await deployment.createEntry('/second');
    await workload.waitFor('/first', '/second');
    assert.equal(workload.ending, undefined);
    assert.ok(says('the server has answered: identities are served from disk no longer'));

    // With a server that answers, what was deleted meanwhile is served to nobody.
    await again.stop('SIGKILL');
    await deployment.admin('entry', 'delete', '--entry-id', first);
    const third = await deployment.launchAgent({ config, token: false });
    using late = await watchingWorkload(deployment.workloadSocket());
    await late.waitFor('/second');
    assert.ok(!third.reports.some(({ msg }) => msg === 'the server does not answer: identities are served from disk'));
    await third.stop();

    await deployment.launchAgent({ token: false });
    await until('what is on disk to go when the key is gone', () => !existsSync(file));
  }).timeout(40_000);

  it('it may come back with the next authority, which the agent has learnt of before', async () => {
    // An authority whose last sixth begins in some seconds: the next one is prepared already.
    const activationAt = Date.now() + 7000;
    await makeAuthority(deployment, new Date(activationAt - (5 / 6) * dayMs));
    const { server, agent, workload } = await running();
    const admin = new Admin(deployment.adminSocket);
    const authorities = await admin.authorities();
    const [old, next] = authorities;
    assert.ok(old !== undefined && next !== undefined && authorities.length === 2);
    const [first] = workload.updates.at(-1)!.svids;
    verifyBy(
      [old],
      first!.certificates.map(({ raw }) => raw),
    );
    admin[Symbol.dispose]();
    await server.stop('SIGKILL');
    await until('the next authority to take over', () => Date.now() > activationAt);
    await deployment.startServer();
    await deployment.createEntry('/second');
    await workload.waitFor('/first', '/second');
    const second = workload.updates.at(-1)!.svids.find(({ id }) => id.path === '/second');
    verifyBy(
      [next],
      second!.certificates.map(({ raw }) => raw),
    );
    assert.equal(workload.ending, undefined);
    assert.ok(agent.running);
    workload[Symbol.dispose]();
  }).timeout(40_000);
});

describe('deleting the entry of a workload', () => {
  it('ends its stream with PermissionDenied "no identity issued"; making it again serves its source again', async () => {
    await using deployment = await Deployment.create();
    await deployment.startServer();
    const id = await deployment.createEntry('/web');
    await deployment.launchAgent();
    using workload = await watchingWorkload(deployment.workloadSocket());
    await using source = await X509Source.create({ address: `unix:${deployment.workloadSocket()}` });
    assert.equal(source.getX509Svid().id.path, '/web');
    const revoked = once(source, 'update');
    await deployment.admin('entry', 'delete', '--entry-id', id);
    const ending = await until('the stream ends', () => workload.ending);
    assert.deepEqual([ending.code, ending.details], [status.PERMISSION_DENIED, 'no identity issued']);
    assert.deepEqual(await revoked, [undefined]);
    assert.throws(() => source.getX509Svid(), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    await deployment.createEntry('/again');
    await until('the source to have an identity', () => source.getX509Svid().id.path === '/again');
  }).timeout(30_000);
});

/** Lets a server that lives in the past make the first authority of the deployment's server. */
async function makeAuthority(deployment: Deployment, issuedAt: Date): Promise<void> {
  const lag = Date.now() - issuedAt.getTime();
  const clock = { ...systemClock, now: () => new Date(Date.now() - lag) };
  await using server = createServer(
    settingsFor({ dataDir: deployment.serverDataDir, socketPath: deployment.adminSocket }),
    { clock, random: systemRandom, log: silentLogger, logLevel: { level: 'info' } },
  );
  await server.start(new AbortController().signal);
}
