import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { get, type RequestOptions } from 'node:https';
import { createServer as createPlainServer, type Server } from 'node:tls';
import { authorizeAny, authorizeId } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { connect, createHttpsServer, peerOf, SpiffeAgent, type MtlsClientOptions } from '@credence/sdk/tls';
import { close, listening } from './loopback.js';

describe('SpiffeAgent, when trust, identity or a request turns against it', () => {
  let a: TestCa;
  let b: TestCa;
  let client: StaticX509Source;
  let server: StaticX509Source;
  let options: MtlsClientOptions;
  let agent: SpiffeAgent;
  let port: number;
  /** What came in and has no answer yet. */
  let held: ServerResponse[];
  const servers: Server[] = [];

  before(async () => {
    [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
  });
  beforeEach(async () => {
    const bundles = [a.bundle(), b.bundle()];
    client = new StaticX509Source(await a.x509Svid('/client'), bundles);
    server = new StaticX509Source(await b.x509Svid('/server'), bundles);
    options = { svid: client, bundles: client, authorize: authorizeAny() };
    agent = new SpiffeAgent(options, { keepAlive: true });
    held = [];
    port = await started(
      createHttpsServer({ svid: server, bundles: server, authorize: authorizeAny() }, (request, response) => {
        if (request.url === '/held') held.push(response);
        else response.end('ok');
      }),
    );
  });
  afterEach(async () => {
    agent.destroy();
    await Promise.all(servers.splice(0).map((one) => close(one)));
  });

  const started = async (made: Server): Promise<number> => {
    servers.push(made);
    return (await listening(made)).port;
  };
  const ask = async (path: string, more: RequestOptions = {}): Promise<{ body: string; reused: boolean }> => {
    const request = get({ host: '127.0.0.1', port, path, agent, ...more });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { body: Buffer.concat(chunks).toString(), reused: request.reusedSocket };
  };
  const beginHeld = async (): Promise<{ readonly answer: ReturnType<typeof ask> }> => {
    const answer = ask('/held');
    answer.catch(() => undefined);
    const arrival = once(servers[0]!, 'request');
    if (held.length === 0) await arrival;
    return { answer };
  };
  const revoke = (): void => {
    client.getX509Svid = () => {
      throw new Error('revoked');
    };
    client.emit('update');
  };

  it('ends a request in flight to a server whose bundle is withdrawn, and makes no other', async () => {
    assert.deepEqual(await ask('/'), { body: 'ok', reused: false });
    assert.deepEqual(await ask('/'), { body: 'ok', reused: true });
    const { answer } = await beginHeld();
    client.update({ bundles: [a.bundle()] });
    await assert.rejects(answer, { code: 'ECONNRESET' });
    await assert.rejects(ask('/'));
  });

  it('lets a request in flight finish when our SVID rotates, and takes a new connection for the next', async () => {
    const { answer } = await beginHeld();
    client.update({ svid: await a.x509Svid('/client') });
    held[0]!.end('late');
    assert.deepEqual(await answer, { body: 'late', reused: false });
    assert.deepEqual(await ask('/'), { body: 'ok', reused: false });
  });

  it('hands no connection from before an update to a request in the queue', async () => {
    agent = new SpiffeAgent(options, { keepAlive: true, maxSockets: 1 });
    const { answer } = await beginHeld();
    const queued = ask('/held');
    const svid = await a.x509Svid('/client');
    client.update({ svid });
    const next = once(servers[0]!, 'request');
    held[0]!.end();
    await answer;
    const [request] = (await next) as [IncomingMessage];
    assert.ok(peerOf(request)?.leaf.equals(svid.leaf));
    held[1]!.end('ok');
    assert.equal((await queued).body, 'ok');
  });

  it('closes a connection when the SVID of its server expires, in use or not', async () => {
    agent = new SpiffeAgent({ ...options, graceMs: 0 }, { keepAlive: true });
    const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000);
    server.update({ svid: await b.x509Svid('/server', { notAfter }) });
    assert.equal((await ask('/')).body, 'ok');
    await assert.rejects((await beginHeld()).answer, { code: 'ECONNRESET' });
    assert.ok(Date.now() >= notAfter.getTime());
    await assert.rejects(ask('/'), /expired/);
  });

  it('emits error on the request while there is no identity, and recovers', async () => {
    assert.equal((await ask('/')).body, 'ok');
    const svid = client.getX509Svid();
    revoke();
    const [error] = (await once(get({ host: '127.0.0.1', port, agent }), 'error')) as [Error];
    assert.equal(error.message, 'revoked');
    client.getX509Svid = () => svid;
    client.emit('update');
    assert.equal((await ask('/')).body, 'ok');
  });

  it('fails every request in the queue when the identity is revoked, and never the process', async () => {
    agent = new SpiffeAgent(options, { keepAlive: true, maxSockets: 1 });
    const { answer } = await beginHeld();
    const queued = [ask('/'), ask('/'), ask('/')];
    revoke();
    const results = await Promise.allSettled([answer, ...queued]);
    assert.deepEqual(
      results.map((result) => (result.status === 'rejected' ? (result.reason as Error).message : 'answered')),
      ['socket hang up', 'revoked', 'revoked', 'revoked'],
    );
  });

  it('makes no connection after destroy, when nobody watches the sources', async () => {
    assert.equal((await ask('/')).body, 'ok');
    agent.destroy();
    await assert.rejects(ask('/'), { code: 'ERR_SPIFFE_CLOSED' });
  });

  it('lets no request bring a pre-shared key, a session or a context', async () => {
    const key = Buffer.alloc(32, 7);
    const impostor = await started(
      createPlainServer({ pskCallback: () => key, ciphers: 'PSK:TLS_AES_128_GCM_SHA256' }, (socket) => {
        socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      }),
    );
    const ciphers = 'PSK:TLS_AES_128_GCM_SHA256';
    const weak = { pskCallback: () => ({ psk: key, identity: 'x' }), ciphers, checkServerIdentity: () => undefined };
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      agent = new SpiffeAgent({ ...options, base: { ciphers, maxVersion } });
      await assert.rejects(ask('/', { port: impostor, ...weak }));
    }
    agent = new SpiffeAgent({ ...options, authorize: authorizeId('spiffe://b.test/other') });
    const overriding = { session: Buffer.alloc(8), secureContext: undefined, rejectUnauthorized: false };
    await assert.rejects(ask('/', overriding), { code: 'ERR_SPIFFE_UNAUTHORIZED' });
  });

  it('has one listener on a source, together with every server and agent', async () => {
    const others = Array.from({ length: 12 }, () => new SpiffeAgent(options));
    await started(createHttpsServer({ svid: client, bundles: client, authorize: authorizeAny() }));
    assert.equal(client.listenerCount('update'), 1);
    for (const other of others) other.destroy();
    agent.destroy();
    await Promise.all(servers.splice(0).map((one) => close(one)));
    assert.equal(client.listenerCount('update'), 0);
  });

  it('warns of no leak when many connections are tried under one signal', async () => {
    const warned: Error[] = [];
    const onWarning = (warning: Error): void => void warned.push(warning);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    const attempts = Array.from({ length: 12 }, () => connect({ ...options, host: '127.0.0.1', port, signal }));
    for (const socket of await Promise.all(attempts)) socket.destroy();
    process.off('warning', onWarning);
    assert.deepEqual(warned, []);
  });
});
