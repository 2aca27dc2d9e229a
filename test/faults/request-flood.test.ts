// Callers that make a server hold what never becomes a call: without a certificate there is little to be had, and who
// has one gets what real agents need.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { exportPrivateKey, generateKey } from '@credence/sdk/keys';
import { entryApi, svidApi } from '@credence/sdk/wire';
import { toPem } from '@credence/sdk/x509';
import { status } from '@grpc/grpc-js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { attest, attestSvid, call, mutualTls, newRequest } from '../support/grpc.js';
import { callHeaders, closed, connectRaw, data, messageHead, write } from '../support/raw-http2.js';
import { attack } from '../support/hostile-caller.js';
import { until } from '../support/until.js';

const getBundle = '/spire.api.server.bundle.v1.Bundle/GetBundle';
const streams = [1, 3];
// Far more than it takes on a busy machine, the start of a program included, and less than a flood can hold others up.
const longestMs = 3000;

async function peakMegabytes({ pid }: Child): Promise<number> {
  const kilobytes = /VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** Sends the beginning of a message in DATA frames of one byte each, at most so many, until the server has enough. */
async function trickle(socket: TLSSocket, { length, frames }: { length: number; frames: number }): Promise<void> {
  await write(
    socket,
    Buffer.concat(streams.flatMap((id) => [callHeaders(id, getBundle), data(id, messageHead(length))])),
  );
  const round = streams.map((id) => data(id, Buffer.of(1)));
  const burst = Buffer.concat(Array.from({ length: 1000 }, () => round).flat());
  for (let sent = 0; sent < frames && !socket.destroyed; sent += 1000 * streams.length) await write(socket, burst);
}

describe('a flood of requests', () => {
  let deployment: Deployment;
  let server: Child;

  before(async () => {
    deployment = await Deployment.create();
    server = await deployment.startServer();
  });

  after(() => deployment[Symbol.asyncDispose]());

  it('in frames of one byte costs the server little memory', async () => {
    const before = await peakMegabytes(server);
    const sockets = await Promise.all(Array.from({ length: 6 }, () => connectRaw(deployment.port)));
    await Promise.all(sockets.map((socket) => trickle(socket, { length: 4_000_000, frames: 600_000 })));
    // Answered after what was sent before.
    assert.equal((await deployment.server('healthcheck')).code, 0);
    const grown = (await peakMegabytes(server)) - before;
    for (const socket of sockets) socket.destroy();
    assert.ok(grown < 150, `grew by ${grown.toFixed()} MB`);
  }).timeout(120_000);

  for (const kind of ['frames of one byte', 'frames of no call', 'resets', 'calls of no gRPC'] as const) {
    it(`without a certificate delays nobody: ${kind}`, async () => {
      const attacker = deployment.track(attack(deployment.port, kind));
      const deadline = performance.now() + 2500;
      while (performance.now() < deadline) {
        const asked = performance.now();
        assert.equal((await deployment.server('healthcheck')).code, 0);
        const waited = performance.now() - asked;
        assert.ok(waited < longestMs, `another waited for ${waited.toFixed()} ms`);
        assert.ok(attacker.running, attacker.stderr);
      }
      await attacker.stop('SIGKILL');
    }).timeout(30_000);
  }

  it('ends the connection without a certificate that sent a megabyte', async () => {
    const socket = await connectRaw(deployment.port);
    // Of two messages, which would be whole a little later.
    await trickle(socket, { length: 65_000, frames: 129_000 });
    await closed(socket);
    assert.match(server.stdout, /"msg":"connection closed: it sent too much"/);
  }).timeout(60_000);

  it('refuses the 129th connection of an address without a certificate, and takes the next when one has gone', async () => {
    const sockets = await Promise.all(Array.from({ length: 128 }, () => connectRaw(deployment.port)));
    await closed(await connectRaw(deployment.port));
    assert.equal(sockets.filter(({ destroyed }) => destroyed).length, 0);
    for (const socket of sockets) socket.destroy();
    await Promise.all(sockets.map(closed));
    await deployment.startAgent();
  }).timeout(20_000);

  it('of connections that shake no hands leaves room for those that do', async () => {
    const held: Socket[] = [];
    const hold = (count: number, localAddress: string): void => {
      for (let i = 0; i < count; i++) {
        const socket = connect({ host: '127.0.0.1', port: deployment.port, localAddress });
        held.push(socket.on('error', () => undefined).resume());
      }
    };
    const ended = (): number => held.filter(({ destroyed }) => destroyed).length;
    try {
      hold(600, '127.0.1.1');
      await until('one address to have 512', () => ended() === 600 - 512);
      hold(600, '127.0.1.2');
      await until('all together to have 1024', () => ended() === 2 * (600 - 512));
      // The oldest of them make room.
      for (let i = 0; i < 20; i++) (await connectRaw(deployment.port)).destroy();
    } finally {
      for (const socket of held) socket.destroy();
    }
  }).timeout(20_000);

  it('for answers that nobody reads is refused, however large they are', async () => {
    const roots = await deployment.admin('bundle', 'show');
    const address = `127.0.0.1:${String(deployment.port)}`;
    const svid = await attestSvid(address, roots, await deployment.generateToken('/deaf'));
    const client = entryApi.createClient(address, mutualTls(roots, svid));
    const ask = (): Promise<unknown> => call(client, 'GetAuthorizedEntries', {});
    const session = connectHttp2(`https://${address}`, {
      cert: svid.chain.map((der) => toPem(der, 'CERTIFICATE')).join(''),
      key: toPem(exportPrivateKey(svid.key), 'PRIVATE KEY'),
      rejectUnauthorized: false,
      // RFC 9113 §6.9.2: not one byte of an answer is to be sent.
      settings: { initialWindowSize: 0 },
    });
    try {
      for (let i = 0; i < 20; i++) await ask();
      const path = '/spire.api.server.entry.v1.Entry/GetAuthorizedEntries';
      for (let i = 0; i < 4; i++) {
        const request = session.request({
          ':method': 'POST',
          ':path': path,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        request.on('error', () => undefined).end(messageHead(0));
        await once(request, 'response');
      }
      await assert.rejects(ask(), { code: status.RESOURCE_EXHAUSTED });
      session.destroy();
      await until('the server to forget them', () =>
        ask().then(
          () => true,
          () => false,
        ),
      );
    } finally {
      session.destroy();
      client.close();
    }
  }).timeout(20_000);

  it('leaves an agent 500 requests for certificates in a message', async () => {
    const roots = await deployment.admin('bundle', 'show');
    const token = await deployment.generateToken('/many');
    const id = await deployment.createEntry('/many-web', '--parent-id', 'spiffe://example.org/many');
    const address = `127.0.0.1:${String(deployment.port)}`;
    const client = svidApi.createClient(address, await attest(address, roots, token));
    try {
      const csr = newRequest(await generateKey('ec-p256'));
      // As large as a request may get.
      const params = Array.from({ length: 500 }, () => ({ entry_id: id, csr }));
      const { results } = await call(client, 'BatchNewX509SVID', { params });
      assert.deepEqual(new Set(results.map(({ status }) => status?.code)), new Set([0]));
      assert.equal(results.length, 500);
    } finally {
      client.close();
    }
  }).timeout(20_000);
});
