import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { isSpiffeError } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import { WatchingWorkload } from '../../sdk/dist-test/support/watching-workload.js';
import { agentFor } from './support/agent.js';
import { FakeServer, mine } from './support/fake-server.js';
import { temporaryDirectory } from '../../sdk/dist-test/support/temporary-directory.js';
import { until } from '../../sdk/dist-test/support/until.js';

const forever = new AbortController().signal;

describe('agent', () => {
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

  it('joins by token and serves the SVIDs of matching entries', async () => {
    server.entries.push(mine('other', { selectors: [{ type: 'unix', value: 'uid:4242' }] }));
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    const [update] = workload.updates;
    assert.deepEqual(
      update?.message.svids.map((svid) => svid.spiffe_id),
      ['spiffe://example.org/web'],
    );
  });

  it('keeps its files private under any umask', async () => {
    const umask = process.umask(0);
    try {
      const { agent } = await agentFor(server, directory.path, { token: 'token' });
      await using _ = agent;
      await agent.start(forever);
      const modes = await Promise.all(
        ['', 'agent-data.json', 'keys.json'].map(async (name) => (await stat(join(directory.path, 'data', name))).mode),
      );
      assert.deepEqual(
        modes.map((mode) => mode & 0o777),
        [0o700, 0o600, 0o600],
      );
    } finally {
      process.umask(umask);
    }
  });

  it('comes back without a token while its SVID lives', async () => {
    const first = await agentFor(server, directory.path, { token: 'token' });
    await first.agent.start(forever);
    await first.agent[Symbol.asyncDispose]();
    const { agent } = await agentFor(server, directory.path);
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    assert.equal(server.count('AttestAgent'), 1);
  });

  it('waits for a server that is away at start, and then serves', async () => {
    const first = await agentFor(server, directory.path, { token: 'token' });
    await first.agent.start(forever);
    await first.agent[Symbol.asyncDispose]();
    await server.stop();
    const { agent, log } = await agentFor(server, directory.path);
    await using _ = agent;
    const starting = agent.start(forever);
    await until('two attempts', () => log.count('synchronization with the server failed') >= 2);
    await server.start();
    await starting;
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
  });

  it('serves on while the server is away, to new workloads too, and catches up afterwards', async () => {
    const { agent, log } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    await server.stop();
    await until('a failed attempt', () => log.count('synchronization with the server failed') > 0);
    using late = new WatchingWorkload(agent.socketPath);
    await late.waitFor('/web');
    server.entries.push(mine('api'));
    await server.start();
    await workload.waitFor('/api', '/web');
    assert.equal(workload.ending, undefined);
  });

  it('brings creation, update and deletion of entries to an open stream', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    server.entries = [mine('api'), mine('web')];
    await workload.waitFor('/api', '/web');
    server.entries = [
      mine('api', { revision_number: '1', spiffe_id: { trust_domain: 'example.org', path: '/renamed' } }),
      mine('web'),
    ];
    await workload.waitFor('/renamed', '/web');
    server.entries = [mine('web')];
    await workload.waitFor('/web');
    server.entries = [];
    const ending = await workload.waitForEnd();
    assert.equal(ending.code, status.PERMISSION_DENIED);
    assert.equal(ending.details, 'no identity issued');
  });

  it('never shows a gap when the only entry is deleted and made anew', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    server.entries = [mine('again')];
    await workload.waitFor('/again');
    assert.equal(workload.ending, undefined);
    assert.ok(workload.updates.every(({ svids }) => svids.length === 1));
  });

  it('renews short-lived SVIDs before they expire, without a gap', async () => {
    server.svidTtlMs = 3000;
    const { agent } = await agentFor(server, directory.path, { token: 'token', syncIntervalMs: 60_000 });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitForUpdates(3);
    const keys = new Set(workload.updates.map(({ message }) => message.svids[0]?.x509_svid_key.toString('hex')));
    assert.equal(keys.size, workload.updates.length);
    assert.ok(workload.updates.every(({ svids }) => svids.length === 1));
  });

  it('renews its own SVID and uses it at once, also after a restart', async () => {
    server.agentTtlMs = 3000;
    const { agent, log } = await agentFor(server, directory.path, { token: 'token' });
    await agent.start(forever);
    await until('two renewals', () => log.count('agent SVID renewed') >= 2);
    const synced = server.count('SyncAuthorizedEntries');
    await until('calls with the new SVID', () => server.count('SyncAuthorizedEntries') > synced + 2);
    await agent[Symbol.asyncDispose]();
    assert.equal(log.records.filter(({ level }) => level === 'error').length, 0);
    const again = await agentFor(server, directory.path);
    await using _ = again.agent;
    await again.agent.start(forever);
    const keys = JSON.parse(await readFile(join(directory.path, 'data', 'keys.json'), 'utf8')) as { keys: object };
    assert.deepEqual(Object.keys(keys.keys).sort(), ['agent-svid-A', 'agent-svid-B']);
  });

  it('follows the rotation of the authority', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    const before = workload.updates.at(-1)?.message.svids[0]?.bundle.length ?? 0;
    await server.rotate();
    await until('the new authority', () => (workload.updates.at(-1)?.message.svids[0]?.bundle.length ?? 0) > before);
    await server.stop();
    await server.start(); // with an SVID of the new authority
    server.entries = [mine('api'), mine('web')];
    await workload.waitFor('/api', '/web');
  });

  it('replaces what a tainted authority signed, its own SVID included', async () => {
    const { agent, log } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    const before = workload.updates.at(-1)?.message.svids[0]?.x509_svid;
    server.taintedRoots = [server.ca.certificate.raw];
    await server.rotate();
    await until('a new SVID', () => {
      const svid = workload.updates.at(-1)?.message.svids[0]?.x509_svid;
      return before !== undefined && svid?.equals(before) === false;
    });
    await until('a new agent SVID', () => log.count('agent SVID renewed') === 1);
    assert.equal(workload.ending, undefined);
  });

  it('tells the server what it is, and how new its bundle is', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    await until('a status', () => server.statuses.length === 1);
    server.sequenceNumber = 7;
    await until('another', () => server.statuses.length === 2);
    assert.deepEqual(
      server.statuses.map((status) => status.current_bundle_serial),
      ['1', '7'],
    );
    assert.match(server.statuses[0]?.agent_version ?? '', /^\d+\.\d+\.\d+/);
  });

  it('serves on when the server does not know the status of agents', async () => {
    server.intercept = (method) => {
      if (method === 'PostStatus') throw new StatusError(status.UNIMPLEMENTED, 'unknown method');
    };
    const { agent, log } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    await until('a word', () => log.count('the status of the agent could not be reported') === 1);
    server.entries.push(mine('api'));
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/api', '/web');
  });

  it('adds a federated bundle as soon as it is there', async () => {
    server.entries = [mine('web', { federates_with: ['other.test'] })];
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    assert.deepEqual(Object.keys(workload.updates.at(-1)?.message.federated_bundles ?? {}), []);
    const root = server.ca.certificate.raw;
    server.federated.set('other.test', { trust_domain: 'other.test', x509_authorities: [{ asn1: root }] });
    await until(
      'the bundle',
      () => workload.updates.at(-1)?.message.federated_bundles['spiffe://other.test'] !== undefined,
    );
    server.federated.delete('other.test');
    await until(
      'its removal',
      () => workload.updates.at(-1)?.message.federated_bundles['spiffe://other.test'] === undefined,
    );
  });

  it('ends with the reason and what to do when it is banned', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    for (const known of server.agents.values()) known.banned = true;
    await assert.rejects(agent.ended, (error: unknown) => {
      assert.ok(isSpiffeError(error, 'ERR_SERVER_REFUSED'));
      assert.equal(error.details['reason'], 'AGENT_BANNED');
      assert.match(error.message, /credence-server agent evict -spiffeID spiffe:\/\/example\.org\/spire\/agent/);
      return true;
    });
    const data = await readFile(join(directory.path, 'data', 'agent-data.json'), 'utf8');
    assert.deepEqual((JSON.parse(data) as { svid: unknown }).svid, []);
    await assert.rejects(stat(agent.socketPath), { code: 'ENOENT' });
  });

  it('ends when it is evicted, and joins again with a new token', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await agent.start(forever);
    server.agents.clear();
    await assert.rejects(agent.ended, { details: { reason: 'AGENT_NOT_ATTESTED' } });
    server.tokens.add('second');
    const again = await agentFor(server, directory.path, { token: 'second' });
    await using _ = again.agent;
    await again.agent.start(forever);
  });

  it('says so when the token is used, and retries nothing', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'other' });
    await assert.rejects(agent.start(forever), (error: unknown) => {
      assert.ok(isSpiffeError(error, 'ERR_SERVER_REFUSED'));
      assert.match(error.message, /already been used.*credence-server token generate/);
      return true;
    });
    assert.equal(server.count('AttestAgent'), 1);
  });

  it('says what to do without SVID and token', async () => {
    const { agent } = await agentFor(server, directory.path);
    await assert.rejects(agent.start(forever), { code: 'ERR_BOOTSTRAP', message: /--join-token/ });
  });

  it('refuses a data directory that is in use', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    await using _ = agent;
    await agent.start(forever);
    const second = await agentFor(server, directory.path, { settings: { socketPath: join(directory.path, 'b.sock') } });
    await assert.rejects(second.agent.start(forever), { code: 'ERR_IN_USE' });
  });

  it('synchronises 1,000 entries in pages and serves them', async () => {
    server.entries = Array.from({ length: 1000 }, (_, i) =>
      mine(`e${String(i).padStart(4, '0')}`, { selectors: [{ type: 'unix', value: `uid:${String(50_000 + i)}` }] }),
    );
    server.entries.push(mine('web'));
    const { agent } = await agentFor(server, directory.path, { token: 'token', syncIntervalMs: 200 });
    await using _ = agent;
    await agent.start(forever);
    using workload = new WatchingWorkload(agent.socketPath);
    await workload.waitFor('/web');
    await until('all pages', () => server.count('BatchNewX509SVID') === 3);
    server.entries = server.entries.map((entry) =>
      entry.id === 'web' ? mine('web', { revision_number: '1' }) : entry,
    );
    await workload.waitForUpdates(2);
    await until('500, 500, 1, and 1 for the changed one', () => server.count('BatchNewX509SVID') === 4);
  });

  it('stops when its signal aborts', async () => {
    const { agent } = await agentFor(server, directory.path, { token: 'token' });
    const stop = new AbortController();
    await agent.start(stop.signal);
    stop.abort();
    await agent.ended;
    await assert.rejects(stat(agent.socketPath), { code: 'ENOENT' });
  });
});
