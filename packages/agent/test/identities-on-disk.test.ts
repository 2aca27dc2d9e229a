// A whole agent that keeps its identities on disk, and starts while its server is away.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { WatchingWorkload } from '../../sdk/dist-test/support/watching-workload.js';
import { temporaryDirectory } from '../../sdk/dist-test/support/temporary-directory.js';
import { until } from '../../sdk/dist-test/support/until.js';
import { agentFor, type AgentUnderTest } from './support/agent.js';
import { FakeServer, mine } from './support/fake-server.js';
import { Front } from './support/front.js';

const forever = new AbortController().signal;
const begins = 'the server does not answer: identities are served from disk';
const ends = 'the server has answered: identities are served from disk no longer';

describe('an agent that keeps its identities on disk', () => {
  let server: FakeServer;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeEach(async () => {
    server = await FakeServer.create();
    server.tokens.add('token');
    server.entries = [mine('web')];
    directory = await temporaryDirectory();
  });

  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const file = (): string => join(directory.path, 'data', 'workload-identities.sealed');

  const agent = (persistWorkloadIdentities = true, serverAddress = '127.0.0.1'): Promise<AgentUnderTest> =>
    agentFor(server, directory.path, { token: 'token', settings: { persistWorkloadIdentities, serverAddress } });

  /** The first life of the agent, in which it serves. */
  async function hasServed(): Promise<Buffer | undefined> {
    const { agent: made } = await agent();
    await using first = made;
    await first.start(forever);
    using workload = new WatchingWorkload(first.socketPath);
    await workload.waitFor('/web');
    return workload.updates.at(-1)?.message.svids[0]?.x509_svid;
  }

  it('serves the same SVIDs again, and follows the server when it is back', async () => {
    const before = await hasServed();
    await server.stop();
    const { agent: again, log } = await agent();
    await using _ = again;
    await again.start(forever);
    using workload = new WatchingWorkload(again.socketPath);
    await workload.waitFor('/web');
    assert.deepEqual(workload.updates[0]?.message.svids[0]?.x509_svid, before);
    assert.deepEqual([log.count(begins), log.count(ends)], [1, 0]);
    server.entries.push(mine('api'));
    await server.start();
    await workload.waitFor('/api', '/web');
    assert.equal(workload.ending, undefined);
    assert.equal(log.count(ends), 1);
  });

  it('serves them too when the server takes connections and says nothing', async () => {
    await using front = await Front.open('127.0.0.2', server.port);
    await hasServed();
    front.freeze();
    const { agent: again, log } = await agent(true, '127.0.0.2');
    await using _ = again;
    await again.start(forever);
    using workload = new WatchingWorkload(again.socketPath);
    await workload.waitFor('/web');
    assert.equal(log.count(begins), 1);
  });

  it('serves nothing from disk when the server answers: what was deleted meanwhile is gone', async () => {
    await hasServed();
    server.entries = [mine('api')];
    const { agent: again, log } = await agent();
    await using _ = again;
    await again.start(forever);
    using workload = new WatchingWorkload(again.socketPath);
    await workload.waitFor('/api');
    assert.deepEqual(
      workload.updates.map(({ message }) => message.svids.map((svid) => svid.spiffe_id)),
      [['spiffe://example.org/api']],
    );
    assert.equal(log.count(begins), 0);
  });

  it('serves them although its own SVID has expired, and attests anew when the server is back', async () => {
    server.agentTtlMs = 3000;
    server.reattestable = true;
    server.intercept = (method) => {
      if (method === 'AttestAgent') server.tokens.add('token');
    };
    await hasServed();
    await server.stop();
    await until('the expiry of its SVID', async () => (await expiryOf(directory.path)) < Date.now());
    const { agent: again } = await agent();
    await using _ = again;
    await again.start(forever);
    using workload = new WatchingWorkload(again.socketPath);
    await workload.waitFor('/web');
    server.entries.push(mine('api'));
    await server.start();
    await workload.waitFor('/api', '/web');
    assert.equal(workload.ending, undefined);
  }).timeout(40_000);

  it('ends when the server says that it is banned, and leaves neither keys nor identities behind', async () => {
    await hasServed();
    await server.stop();
    const { agent: again } = await agent();
    await using _ = again;
    await again.start(forever);
    using workload = new WatchingWorkload(again.socketPath);
    await workload.waitFor('/web');
    for (const known of server.agents.values()) known.banned = true;
    await server.start();
    await assert.rejects(again.ended, { code: 'ERR_SERVER_REFUSED', details: { reason: 'AGENT_BANNED' } });
    assert.deepEqual([existsSync(file()), existsSync(join(directory.path, 'data', 'keys.json'))], [false, false]);
  });

  it('waits for the server, as without them, when they are damaged; one line in the log says so', async () => {
    await hasServed();
    await server.stop();
    const content = await readFile(file());
    await writeFile(file(), content.subarray(0, -1));
    const { agent: again, log } = await agent();
    await using _ = again;
    const starting = again.start(forever);
    await until('an attempt', () => log.count('synchronization with the server failed') > 0);
    assert.equal(log.count('the identities on disk cannot be used and are removed'), 1);
    assert.equal(existsSync(again.socketPath), false);
    await server.start();
    await starting;
  });

  it('removes them when it is told to keep none', async () => {
    await hasServed();
    assert.equal(existsSync(file()), true);
    const { agent: again } = await agent(false);
    await using _ = again;
    await again.start(forever);
    assert.equal(existsSync(file()), false);
  });

  it('tells a workload that has no identity so, from disk too', async () => {
    await hasServed();
    server.entries = [{ ...mine('web'), revision_number: '1', selectors: [{ type: 'unix', value: 'uid:4242' }] }];
    const { agent: second } = await agent();
    await second.start(forever);
    await second[Symbol.asyncDispose]();
    await server.stop();
    const { agent: again, log } = await agent();
    await using _ = again;
    await again.start(forever);
    assert.equal(log.count(begins), 1);
    using workload = new WatchingWorkload(again.socketPath);
    const ending = await until('the end', () => workload.ending);
    assert.equal(ending.code, status.PERMISSION_DENIED);
  });
});

async function expiryOf(directory: string): Promise<number> {
  const { X509Certificate } = await import('node:crypto');
  const data = JSON.parse(await readFile(join(directory, 'data', 'agent-data.json'), 'utf8')) as { svid: string[] };
  return Date.parse(new X509Certificate(Buffer.from(data.svid[0] ?? '', 'base64')).validTo);
}
