// kill -9 of the agent: it comes back as the same agent, without another token, while its SVID lives.
import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admin } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { seeded } from '../support/seeded.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

describe('kill -9 of the agent', () => {
  let deployment: Deployment;
  let admin: Admin;

  beforeEach(async () => {
    deployment = await Deployment.create();
    admin = new Admin(deployment.adminSocket);
  });

  afterEach(async () => {
    admin[Symbol.dispose]();
    await deployment[Symbol.asyncDispose]();
  });

  async function serves(): Promise<void> {
    using workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/web');
  }

  it('brings back the same agent: with the token file spent, with it gone, and without the flag', async () => {
    await deployment.startServer();
    const tokenFile = join(deployment.folder, 'token');
    await writeFile(tokenFile, `${await deployment.generateToken()}\n`, { mode: 0o600 });
    const flags = ['--join-token-file', tokenFile, '--trust-bundle', await deployment.writeBundle()];
    await deployment.createEntry('/web');
    let agent = await deployment.launchAgent({ token: false, flags });
    await serves();
    const ids = await admin.agentIds();
    assert.equal(ids.length, 1);
    const restarts = [
      { flags, before: () => Promise.resolve() },
      { flags, before: () => rm(tokenFile) },
      { flags: [], before: () => rm(join(deployment.folder, 'bundle.pem')) },
    ];
    for (const { flags: again, before } of restarts) {
      await agent.stop('SIGKILL');
      await before();
      agent = await deployment.launchAgent({ token: false, flags: again });
      await serves();
      assert.deepEqual(await admin.agentIds(), ids);
    }
    assert.doesNotMatch(agent.stdout, /node attestation was successful/);
  }).timeout(30_000);

  it('brings back the same agent when it comes while the agent SVID is being renewed', () =>
    seeded(async (random) => {
      await deployment.startServer({ config: { agent_ttl: '8s' } });
      await deployment.createEntry('/web');
      let agent = await deployment.launchAgent();
      await serves();
      const ids = await admin.agentIds();
      for (let round = 0; round < 2; round++) {
        await newKeyOnDisk(deployment, agent);
        await sleep(random.next() * 10);
        await agent.stop('SIGKILL');
        agent = await deployment.launchAgent({ token: false });
        await serves();
        assert.deepEqual(await admin.agentIds(), ids);
      }
    })).timeout(40_000);

  it('says what to do when the SVID expired meanwhile and there is no token', async () => {
    await deployment.startServer({ config: { agent_ttl: '4s' } });
    const agent = await deployment.startAgent();
    await agent.stop('SIGKILL');
    const { agents } = await call(admin.agents, 'ListAgents', {});
    const expiresAt = Number(agents[0]?.x509svid_expires_at) * 1000;
    await until('the agent SVID to expire', () => Date.now() > expiresAt);
    const again = await deployment.launchAgent({ token: false });
    const { code, stderr } = await again.finished;
    assert.equal(code, 1);
    assert.match(stderr, /no valid SVID stored and no join token.*"credence-server token generate"/);
    await deployment.startAgent();
  }).timeout(30_000);
});

/** Resolves as soon as the agent has written a key of a new SVID. */
async function newKeyOnDisk(deployment: Deployment, agent: Child): Promise<void> {
  let written = false;
  const watcher = watch(deployment.agentDataDir(), (_, name) => {
    written ||= name === 'keys.json';
  });
  try {
    await until('the agent SVID to be renewed', () => {
      assert.ok(agent.running, agent.stdout + agent.stderr);
      return written;
    });
  } finally {
    watcher.close();
  }
}
