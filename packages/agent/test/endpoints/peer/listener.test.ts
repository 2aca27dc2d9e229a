import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { silentLogger, systemClock, systemRandom } from '@credence/sdk/runtime';
import { healthApi } from '@credence/sdk/wire';
import { SocketPeer } from '../../../dist/endpoints/peer/peer.js';
import { PeerRegistry } from '../../../dist/endpoints/peer/peer-registry.js';
import { requirePeer } from '../../../dist/endpoints/peer/require-peer.js';
import { WorkloadEndpoint } from '../../../dist/endpoints/workload-endpoint.js';
import { defaultAgentSettings } from '../../../dist/settings.js';
import { header, StreamReader, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot } from '../../support/fake-workload-snapshots.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

const connector = fileURLToPath(new URL('../../support/connector.js', import.meta.url));
const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')]));

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('the listener of the Workload Endpoint', () => {
  it('opens the socket to everybody', async () => {
    const umask = process.umask(0o077);
    try {
      await using endpoint = await TestEndpoint.start({ snapshots });
      assert.equal((await stat(endpoint.socketPath)).mode & 0o7777, 0o777);
    } finally {
      process.umask(umask);
    }
  });

  it('refuses a path on which another agent listens, and does not disturb it', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots });
    const { socketPath } = endpoint;
    const attestation = { attest: () => Promise.resolve([]) };
    const second = new WorkloadEndpoint({
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      attestation,
      snapshots,
      jwtSvids: { fetch: () => Promise.reject(new Error('unused')) },
      rules: defaultAgentSettings,
      services: defaultAgentSettings.services,
      rateLimits: defaultAgentSettings.rateLimits,
      socketPath,
      procPath: '/proc',
    });
    await assert.rejects(second.start(), { code: 'ERR_IN_USE' });
    await second[Symbol.asyncDispose]();
    await new StreamReader(endpoint.client.FetchX509SVID({}, header())).next();
  });

  it('removes the socket when it is closed', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots });
    await endpoint.stop();
    assert.deepEqual(await readdir(dirname(endpoint.socketPath)), []);
  });

  it('holds no descriptor for a connection that is gone, however soon', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots });
    // Loads what is loaded at the first connection.
    const first = connect(endpoint.socketPath);
    await once(first, 'data');
    first.destroy();
    await until('the first connection closed', () => first.closed);
    const before = openDescriptors();
    for (let round = 0; round < 4; round++) {
      const children = Array.from({ length: 4 }, () => spawn(process.execPath, [connector, endpoint.socketPath, '50']));
      await Promise.all(children.map((child) => once(child, 'close')));
    }
    await until(`no more than ${before} descriptors are open`, () => openDescriptors() <= before);
  });

  it('does not speak TLS, and is not disturbed by who tries (SPIFFE Workload Endpoint §3.1, EV-25)', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots });
    const hello = connectTls({ path: endpoint.socketPath, rejectUnauthorized: false });
    await assert.rejects(once(hello, 'secureConnect'));
    await new StreamReader(endpoint.client.FetchX509SVID({}, header())).next();
  });

  it('takes a burst of connections', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots });
    const sockets = Array.from({ length: 1500 }, () => connect(endpoint.socketPath));
    await Promise.all(sockets.map((socket) => once(socket, 'data')));
    for (const socket of sockets) socket.destroy();
  });
});

describe('a peer', () => {
  it('is refused without SO_PEERCRED: a descriptor that is no socket', () => {
    const fd = openSync('/dev/null', 'r');
    const socket = Object.assign(new Socket(), { _handle: { fd, close: () => undefined } });
    const before = openDescriptors();
    assert.throws(() => new SocketPeer(socket, '/proc'), { code: 'ERR_PEER_CREDENTIALS' });
    assert.equal(openDescriptors(), before);
    closeSync(fd);
  });

  it('is refused when the kernel names no process: a TCP connection', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    assert.throws(() => new SocketPeer(accepted, '/proc'), { code: 'ERR_PEER_CREDENTIALS' });
    const registry = new PeerRegistry({ procPath: '/proc', connectionLimit: 1 });
    assert.throws(() => registry.admit(accepted), { code: 'ERR_PEER_CREDENTIALS' });
    client.destroy();
    server.close();
  });

  it('is refused when its connection has no descriptor any more', () => {
    assert.throws(() => new SocketPeer(new Socket(), '/proc'), { code: 'ERR_PEER_CREDENTIALS' });
  });

  it('is refused, and its pidfd given back, when proc(5) does not show it', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots });
    const client = connect(endpoint.socketPath);
    await once(client, 'connect');
    const known = new SocketPeer(client, '/proc');
    assert.equal(known.pid, process.pid);
    known.close();
    const before = openDescriptors();
    assert.throws(() => new SocketPeer(client, dirname(endpoint.socketPath)), { code: 'ERR_CALLER_UNKNOWN' });
    assert.equal(openDescriptors(), before);
    client.destroy();
  });

  it('counts as gone once it was closed, whatever its descriptor means by then', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots });
    const client = connect(endpoint.socketPath);
    await once(client, 'connect');
    const peer = new SocketPeer(client, '/proc');
    assert.equal(peer.isAlive(), true);
    peer.close();
    peer.close();
    assert.equal(peer.isAlive(), false);
    client.destroy();
  });
});

describe('a call whose caller is unknown', () => {
  it('is refused before its handler runs, whatever the service', async () => {
    let handled = 0;
    const peers = new PeerRegistry({ procPath: '/proc', connectionLimit: 1 });
    const server = new Server({ interceptors: [requirePeer(peers)] });
    server.addService(healthApi.definition, { Check: () => handled++ });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    const client = healthApi.createClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const error = await new Promise<{ code?: status } | null>((resolve) => client.Check({}, resolve));
    assert.equal(error?.code, status.UNAUTHENTICATED);
    assert.equal(handled, 0);
    client.close();
    server.forceShutdown();
  });
});
