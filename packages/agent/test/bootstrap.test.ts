// A whole agent that learns by different ways how to recognise the server, and what becomes of it when that changes.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SpiffeBundle } from '@credence/sdk';
import { FakeWorkloadApi } from '@credence/sdk/testing';
import { WatchingWorkload } from '../../sdk/dist-test/support/watching-workload.js';
import { temporaryDirectory } from '../../sdk/dist-test/support/temporary-directory.js';
import { until } from '../../sdk/dist-test/support/until.js';
import type { TrustBundleSource } from '../dist/settings.js';
import { agentFor, type AgentUnderTest } from './support/agent.js';
import { FakeServer, mine } from './support/fake-server.js';

const forever = new AbortController().signal;
const web = mine('web');

describe('an agent without a stored bundle', () => {
  let server: FakeServer;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeEach(async () => {
    server = await served();
    directory = await temporaryDirectory();
  });

  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  async function served(port = 0): Promise<FakeServer> {
    const made = await FakeServer.create('example.org', port);
    made.tokens.add('token');
    made.entries = [web];
    return made;
  }

  const agentBy = (trustBundle: TrustBundleSource | undefined): Promise<AgentUnderTest> =>
    agentFor(server, directory.path, { token: 'token', settings: { trustBundle } });

  async function joins(trustBundle: TrustBundleSource): Promise<AgentUnderTest> {
    const made = await agentBy(trustBundle);
    await using agent = made.agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    return made;
  }

  it('joins by a SPIFFE bundle in a file', async () => {
    const path = join(directory.path, 'bundle.json');
    const bundle = SpiffeBundle.of({ trustDomain: server.trustDomain, x509: server.ca.bundle() });
    await writeFile(path, bundle.toJson());
    await joins({ kind: 'file', path, format: 'spiffe' });
  });

  it('joins by the bundle of another agent', async () => {
    await using api = await FakeWorkloadApi.start();
    api.setX509([await server.ca.x509Svid('/agent')], [server.ca.bundle()]);
    await joins({ kind: 'workload_api', address: api.address });
  });

  it('joins whoever answers with insecure_bootstrap, says so, and never again after that', async () => {
    const { log } = await joins({ kind: 'insecure' });
    const said = 'insecure_bootstrap: whoever answers now is believed to be the server';
    assert.equal(log.count(said), 1);
    // The stored bundle counts from now on: another server at the same place is refused.
    const { port } = server;
    await server[Symbol.asyncDispose]();
    server = await served(port);
    const again = await agentBy({ kind: 'insecure' });
    await using agent = again.agent;
    agent.start(forever).catch(() => undefined);
    await until('a refusal', () => again.log.count('synchronization with the server failed') > 0);
    assert.equal(again.log.count(said), 0);
    assert.deepEqual(server.calls, []);
  });

  it('says nothing to one that does not call itself the server, insecure_bootstrap or not', async () => {
    await server.stop();
    await server.start('/web');
    const { agent: made, log } = await agentBy({ kind: 'insecure' });
    await using agent = made;
    agent.start(forever).catch(() => undefined);
    await until('a refusal', () => log.count('failed to retrieve attestation result') > 0);
    assert.ok(server.tokens.has('token'));
  });

  for (const reattestable of [true, false]) {
    const what = reattestable
      ? 'joins anew, and its workloads go on'
      : 'serves on, and says what to do, if it cannot attest again';
    it(`and a server that was set up anew: ${what} (rebootstrap_mode auto)`, async () => {
      server.reattestable = reattestable;
      const path = join(directory.path, 'bundle.pem');
      const { agent: made, log } = await agentFor(server, directory.path, {
        token: 'token',
        settings: { rebootstrap: { mode: 'auto', delayMs: 100 }, trustBundle: { kind: 'file', path, format: 'pem' } },
      });
      await using agent = made;
      await agent.start(forever);
      using workload = new WatchingWorkload(agent.socketPath);
      await workload.waitFor('/web');
      const { port } = server;
      await server[Symbol.asyncDispose]();
      server = await served(port);
      server.entries.push({ ...web, id: 'new', spiffe_id: { trust_domain: 'example.org', path: '/new' } });
      await writeFile(path, server.ca.bundle().toPem());
      if (reattestable) {
        await workload.waitFor('/new', '/web');
        assert.equal(log.count('bootstrapped again'), 1);
      } else {
        await until('a word', () => log.count('the server is of an unknown authority') === 1);
        await until('some more rounds', () => log.count('synchronization with the server failed') > 2);
        assert.deepEqual(server.calls, []);
      }
      assert.equal(workload.ending, undefined);
    });
  }

  it('that cannot attest again does not start with rebootstrap_mode always', async () => {
    const { agent } = await agentFor(server, directory.path, {
      token: 'token',
      settings: { rebootstrap: { mode: 'always', delayMs: 100 } },
    });
    await assert.rejects(agent.start(forever), { code: 'ERR_BOOTSTRAP', message: /auto or never is accepted/ });
  });
});
