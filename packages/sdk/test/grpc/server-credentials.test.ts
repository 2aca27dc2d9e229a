import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { status, type ServerCredentials } from '@grpc/grpc-js';
import { authorizeAny, authorizeId, observe } from '@credence/sdk';
import {
  mtlsServerCredentials,
  mtlsWebChannelCredentials,
  mtlsWebServerCredentials,
  tlsChannelCredentials,
  tlsServerCredentials,
  type MtlsServerCredentialsOptions,
} from '@credence/sdk/grpc';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { mtlsClientOptions } from '@credence/sdk/tls';
import { toPem } from '@credence/sdk/x509';
import { until } from '../support/until.js';
import { EchoServer } from './echo.js';
import { Harness } from './harness.js';

describe('gRPC server credentials', () => {
  let given: Harness;
  const servers: EchoServer[] = [];

  beforeEach(async () => {
    given = await Harness.create();
  });
  afterEach(async () => {
    for (const { server } of servers.splice(0)) server.forceShutdown();
    await given[Symbol.asyncDispose]();
  });

  const bind = async (credentials: ServerCredentials, address = '127.0.0.1:0') => {
    const echo = new EchoServer();
    servers.push(echo);
    const port = await new Promise<number>((resolve, reject) => {
      echo.server.bindAsync(address, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    return { echo, port };
  };
  const serve = (options: Partial<MtlsServerCredentialsOptions> = {}) =>
    bind(mtlsServerCredentials({ svid: given.server, bundles: given.server, authorize: authorizeAny(), ...options }));
  const hold = async ({ echo, port }: Awaited<ReturnType<typeof bind>>) => {
    const client = given.dial(port);
    const answer = client.say('hold');
    answer.catch(() => undefined);
    await until('the call to arrive', () => echo.heldCalls > 0);
    return { answer, client };
  };

  it('mTLS: tell the server who calls, also through an intermediate', async () => {
    const { echo, port } = await serve();
    assert.equal(await given.dial(port).say('hello'), 'spiffe://b.test/client says hello');
    given.client.update({ svid: await (await given.b.childCa()).x509Svid('/deep') });
    const deep = given.dial(port);
    assert.equal(await deep.say('hello'), 'spiffe://b.test/deep says hello');
    assert.equal(await deep.say('again'), 'spiffe://b.test/deep says again');
    assert.equal(echo.callers.length, 3);
  });

  it('TLS: serve clients without a certificate', async () => {
    const { port } = await bind(tlsServerCredentials({ svid: given.server }));
    const credentials = tlsChannelCredentials({ bundles: given.client, authorize: authorizeAny() });
    assert.equal(await given.dial(port, credentials).say('hello'), 'nobody says hello');
  });

  it('mTLS-web: show a certificate of the Web PKI', async () => {
    const { chain, privateKey } = await given.a.credential('/web', { uris: [], dnsNames: ['localhost'] });
    const webCertificate = {
      cert: chain.map((der) => toPem(der, 'CERTIFICATE')).join(''),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
    const { port } = await bind(
      mtlsWebServerCredentials({ webCertificate, bundles: given.server, authorize: authorizeAny() }),
    );
    const credentials = mtlsWebChannelCredentials({ svid: given.client, webRoots: [given.a.certificate.toPem()] });
    assert.equal(await given.dial(port, credentials, 'localhost').say('hello'), 'spiffe://b.test/client says hello');
  });

  it('refuse a client without a certificate and one that forges an ID of another trust domain (ID-3-a)', async () => {
    const { echo, port } = await serve();
    assert.ok(await given.dial(port).say('hello'));
    const without = tlsChannelCredentials({ bundles: given.client, authorize: authorizeAny() });
    await assert.rejects(given.dial(port, without).say('hello'), { code: status.UNAVAILABLE });
    given.client.update({ svid: await given.a.forgedSvid('spiffe://b.test/client') });
    await assert.rejects(given.dial(port).say('hello'), { code: status.UNAVAILABLE });
    assert.equal(echo.callers.length, 1);
  });

  it('answer PERMISSION_DENIED to a caller who is not allowed', async () => {
    const { echo, port } = await serve({ authorize: authorizeId('spiffe://b.test/other') });
    await assert.rejects(given.dial(port).say('hello'), { code: status.PERMISSION_DENIED });
    assert.deepEqual(echo.callers, []);
  });

  it('let a caller pass who would be refused in observe mode, and report it', async () => {
    const authorize = observe(authorizeId('spiffe://b.test/other'));
    const { port } = await serve({ authorize });
    assert.equal(await given.dial(port).say('hello'), 'spiffe://b.test/client says hello');
    assert.equal(authorize.refusals, 1);
  });

  it('rotate under load, without a failed call', async () => {
    const { port } = await serve();
    const client = given.dial(port);
    for (let i = 0; i < 10; i++) {
      const calls = Array.from({ length: 5 }, () => client.say('hello'));
      const next = await given.a.x509Svid('/server');
      given.server.update({ svid: next });
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        ...mtlsClientOptions({
          svid: given.client,
          bundles: given.client,
          authorize: authorizeAny(),
          base: { ALPNProtocols: ['h2'] },
        }),
      });
      await once(socket, 'secureConnect');
      assert.ok(socket.getPeerCertificate().raw.equals(next.leaf.raw));
      assert.equal(socket.getProtocol(), 'TLSv1.3');
      socket.destroy();
      await Promise.all(calls);
    }
  });

  it('issue nothing that can be resumed, before and after a rotation', async () => {
    const { port } = await serve();
    const dial = async (session?: Buffer) => {
      const base = { ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' } as const;
      const options = mtlsClientOptions({ svid: given.client, bundles: given.client, authorize: authorizeAny(), base });
      const socket = connectTls({ port, host: '127.0.0.1', ...options, ...(session && { session }) });
      await once(socket, 'secureConnect');
      const made = { session: socket.getSession(), reused: socket.isSessionReused() };
      socket.destroy();
      return made;
    };
    for (let i = 0; i < 2; i++) {
      const { session } = await dial();
      assert.ok(session);
      assert.equal((await dial(session)).reused, false);
      given.server.update({ svid: await given.a.x509Svid('/server') });
    }
  });

  it('cut calls when the SVID of the client expires', async () => {
    const notAfter = new Date(Math.ceil(Date.now() / 1000 + 1) * 1000);
    given.client.update({ svid: await given.b.x509Svid('/client', { notAfter }) });
    const { answer } = await hold(await serve());
    await assert.rejects(answer, { code: status.UNAVAILABLE });
    assert.ok(Date.now() >= notAfter.getTime());
  });

  it('cut calls when the trust domain of the client is no longer trusted', async () => {
    const { answer, client } = await hold(await serve());
    given.server.update({ bundles: [given.a.bundle()] });
    await assert.rejects(answer, { code: status.UNAVAILABLE });
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE });
  });

  it('accept no first call on a connection from before an authority was withdrawn, hidden behind an intermediate', async () => {
    const old = await TestCa.create('b.test');
    given.server.update({ bundles: [given.a.bundle(), old.bundle()] });
    const svid = await (await old.childCa()).x509Svid('/deep');
    const client = new StaticX509Source(svid, given.client.bundles);
    const { echo, port } = await serve();
    const connected = async () => {
      const made = given.dial(port, given.mtls(authorizeAny(), { svid: client }));
      await promisify(made.waitForReady.bind(made))(Date.now() + 5000);
      return made;
    };
    assert.equal(await (await connected()).say('hello'), 'spiffe://b.test/deep says hello');
    const early = await connected();
    given.server.update({ bundles: [given.a.bundle(), given.b.bundle()] });
    await assert.rejects(early.say('hello'), { code: status.UNAUTHENTICATED });
    assert.deepEqual(echo.callers, ['spiffe://b.test/deep']);
    assert.ok(await given.dial(port).say('hello'));
  });

  it('refuse everybody while the server has no identity', async () => {
    const { answer, client } = await hold(await serve());
    const svid = given.server.getX509Svid();
    given.server.getX509Svid = () => {
      throw new Error('revoked');
    };
    given.server.emit('update');
    await assert.rejects(answer, { code: status.UNAVAILABLE });
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE });
    given.server.getX509Svid = () => svid;
    given.server.emit('update');
    await until('a call to succeed', async () => (await client.say('hello')) !== '');
  });

  it('watch the sources while a server is bound, and no longer', async () => {
    const { echo, port } = await serve();
    assert.ok(await given.dial(port).say('hello'));
    assert.equal(given.server.listenerCount('update'), 1);
    echo.server.forceShutdown();
    await until('the listener to go', () => given.server.listenerCount('update') === 0);
  });
});
