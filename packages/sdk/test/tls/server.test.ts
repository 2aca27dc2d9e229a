import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  connect as connectHttp2,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { connect as connectTls, type Server, type TLSSocket } from 'node:tls';
import { authorizeAny, authorizeId, authorizeMemberOf, X509Bundle, type Logger } from '@credence/sdk';
import { isSpiffeError } from '@credence/sdk/runtime';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import {
  attachServer,
  connect,
  createServer,
  mtlsServerOptions,
  peerOf,
  type MtlsServerOptions,
} from '@credence/sdk/tls';
import { answered, close, greet, greeted, listening } from './loopback.js';

describe('mTLS server', () => {
  let a: TestCa;
  let b: TestCa;
  let own: StaticX509Source;
  let client: StaticX509Source;
  const servers: Server[] = [];
  const sockets: TLSSocket[] = [];

  before(async () => {
    [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
  });
  beforeEach(async () => {
    const bundles = [a.bundle(), b.bundle()];
    own = new StaticX509Source(await a.x509Svid('/server'), bundles);
    client = new StaticX509Source(await a.x509Svid('/client'), bundles);
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => close(server, ...sockets.splice(0))));
  });

  const start = async (options: Partial<MtlsServerOptions> = {}) => {
    const peers: (string | undefined)[] = [];
    const { server, port } = await listening(
      createServer({ svid: own, bundles: own, authorize: authorizeMemberOf('a.test'), ...options }, (socket) => {
        peers.push(peerOf(socket)?.id.toString());
        greet(socket);
      }),
    );
    servers.push(server);
    return { server, port, peers };
  };
  const dial = async (port: number, source = client): Promise<TLSSocket> => {
    const socket = await greeted(port, { svid: source, bundles: source, authorize: authorizeAny() });
    sockets.push(socket.on('error', () => undefined));
    return socket;
  };

  it('knows who the peer is, on both ends', async () => {
    const { port, peers } = await start();
    const socket = await dial(port);
    assert.deepEqual(peers, ['spiffe://a.test/client']);
    assert.equal(peerOf(socket)?.id.toString(), 'spiffe://a.test/server');
  });

  it('names the refused peer and the failed check, in the log and in an event', async () => {
    const logged: object[] = [];
    const record = (fields: object): void => void logged.push(fields);
    const logger: Logger = { debug: record, info: record, warn: record, error: record };
    const { server, port, peers } = await start({ authorize: authorizeId('spiffe://a.test/other'), logger });
    const refused = once(server, 'tlsClientError');
    await assert.rejects(dial(port));
    const [error] = (await refused) as [unknown];
    assert.ok(isSpiffeError(error, 'ERR_SPIFFE_UNAUTHORIZED'));
    assert.equal(error.details['id'], 'spiffe://a.test/client');
    const expected = { code: 'ERR_SPIFFE_UNAUTHORIZED', id: 'spiffe://a.test/client', remoteAddress: '127.0.0.1' };
    assert.deepEqual(logged, [{ ...expected, error: error.message }]);
    assert.deepEqual(peers, []);
  });

  it('rotates to a new SVID while open connections go on', async () => {
    const { port } = await start();
    const before = await dial(port);
    const next = await a.x509Svid('/server');
    own.update({ svid: next });
    const after = await dial(port);
    assert.ok(peerOf(after)?.leaf.equals(next.leaf));
    assert.ok(!peerOf(before)?.leaf.equals(next.leaf));
    before.write('still here');
    assert.equal(await answered(before), 'still here');
  });

  it('keeps every setting of the context when it rotates', async () => {
    const { port } = await start({ base: { minVersion: 'TLSv1.3', ALPNProtocols: ['h2'] } });
    own.update({ svid: await a.x509Svid('/server') });
    const options = { svid: client, bundles: client, authorize: authorizeAny() };
    await assert.rejects(greeted(port, { ...options, base: { maxVersion: 'TLSv1.2' } }));
    const socket = await greeted(port, { ...options, base: { ALPNProtocols: ['h2'] } });
    sockets.push(socket);
    assert.equal(socket.alpnProtocol, 'h2');
  });

  it('loses no call while it rotates under load', async () => {
    const { port } = await start();
    const open = await dial(port);
    const state = { rotating: true };
    const rotation = (async () => {
      for (let i = 0; i < 10; i++) {
        own.update({ svid: await a.x509Svid('/server') });
        client.update({ svid: await a.x509Svid('/client') });
        await new Promise((resolve) => setImmediate(resolve));
      }
      state.rotating = false;
    })();
    let calls = 0;
    while (state.rotating || calls < 20) {
      const fresh = await dial(port);
      fresh.destroy();
      open.write(`call ${calls}`);
      assert.equal(await answered(open), `call ${calls}`);
      calls++;
    }
    await rotation;
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`XV-52: gives no session to resume, before and after a rotation (${maxVersion})`, async () => {
      const { port, peers } = await start();
      for (let round = 0; round < 2; round++) {
        const options = { svid: client, bundles: client, authorize: authorizeAny(), base: { maxVersion } };
        const sessions: Buffer[] = [];
        const first = await greeted(port, options);
        first.on('session', (session) => sessions.push(session));
        const given = first.getSession();
        first.write('x');
        await answered(first);
        first.destroy();
        const session = sessions[0] ?? given;
        const { cert, key } = { cert: client.getX509Svid().certChainPem(), key: client.getX509Svid().privateKeyPem() };
        const second = connectTls({
          port,
          host: '127.0.0.1',
          cert,
          key,
          session,
          maxVersion,
          rejectUnauthorized: false,
        });
        sockets.push(second.on('error', () => undefined));
        await answered(second);
        assert.equal(second.isSessionReused(), false);
        own.update({ svid: await a.x509Svid('/server') });
      }
      assert.equal(peers.length, 4);
    });
  }

  it('XV-50: closes the connections of a trust domain whose bundle is withdrawn, and no others', async () => {
    const { port } = await start({ authorize: authorizeAny() });
    const foreign = new StaticX509Source(await b.x509Svid('/client'), [a.bundle(), b.bundle()]);
    const ours = await dial(port);
    const theirs = await dial(port, foreign);
    const closed = once(theirs, 'close');
    own.update({ bundles: [a.bundle()] });
    await closed;
    ours.write('still here');
    assert.equal(await answered(ours), 'still here');
    await assert.rejects(dial(port, foreign));
  });

  it('XV-51: closes the connections under an authority that left the bundle', async () => {
    const second = await TestCa.create('a.test');
    const both = new StaticX509Source(await second.x509Svid('/client'), [a.bundle()]);
    const union = X509Bundle.fromCertificates(a.trustDomain, [a.certificate, second.certificate]);
    own.update({ bundles: [union] });
    const { port } = await start();
    const socket = await dial(port, both);
    const closed = once(socket, 'close');
    own.update({ bundles: [a.bundle()] });
    await closed;
    await assert.rejects(dial(port, both));
    await dial(port);
  });

  it('refuses everyone and closes everything while it has no identity, and comes back', async () => {
    const { port } = await start();
    const socket = await dial(port);
    const svid = own.getX509Svid();
    own.getX509Svid = () => {
      throw new Error('revoked');
    };
    const closed = once(socket, 'close');
    own.emit('update');
    await closed;
    await assert.rejects(dial(port));
    own.getX509Svid = () => svid;
    own.emit('update');
    await dial(port);
  });

  it('closes a connection when the SVID of its peer expires', async () => {
    const { port } = await start();
    const brief = await a.x509Svid('/client', { notAfter: new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000) });
    const socket = await dial(port, new StaticX509Source(brief, [a.bundle()]));
    await once(socket, 'close');
    assert.ok(Date.now() >= brief.expiresAt.getTime());
  });

  it('knows the peer of an HTTP/2 request, and of its session', async () => {
    const options = { svid: own, bundles: own, authorize: authorizeMemberOf('a.test') };
    const server = attachServer(createSecureServer(mtlsServerOptions(options)), options);
    servers.push(server);
    server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
      response.end(`${String(peerOf(request)?.id)} ${String(peerOf(request.stream.session!)?.id)}`);
    });
    const { port } = await listening(server);
    const credentials = { svid: client, bundles: client, authorize: authorizeAny(), base: { ALPNProtocols: ['h2'] } };
    const socket = await connect({ host: '127.0.0.1', port, ...credentials });
    const session = connectHttp2('https://server', { createConnection: () => socket });
    const stream = session.request({ ':path': '/' });
    const [body] = (await once(stream, 'data')) as [Buffer];
    assert.equal(body.toString(), 'spiffe://a.test/client spiffe://a.test/client');
    session.destroy();
  });

  describe('with optional client authentication', () => {
    it('lets a client without a certificate in as nobody, and verifies one that presents one', async () => {
      const { port, peers } = await start({ clientAuthentication: 'optional' });
      const anonymous = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
      sockets.push(anonymous);
      assert.equal(await answered(anonymous), 'hello');
      await dial(port);
      assert.deepEqual(peers, [undefined, 'spiffe://a.test/client']);
    });

    it('refuses a certificate that does not verify', async () => {
      const { server, port, peers } = await start({ clientAuthentication: 'optional', authorize: authorizeAny() });
      const forged = new StaticX509Source(await b.forgedSvid('spiffe://a.test/client'), [a.bundle()]);
      const refused = once(server, 'tlsClientError');
      await assert.rejects(dial(port, forged));
      const [error] = (await refused) as [unknown];
      assert.ok(isSpiffeError(error, 'ERR_SPIFFE_VERIFY'));
      assert.equal(error.details['claimedId'], 'spiffe://a.test/client');
      assert.equal(error.details['reason'], 'openssl', 'a stranger costs no verification of ours');
      assert.deepEqual(peers, []);
    });
  });

  for (const option of [
    'ca',
    'cert',
    'key',
    'pfx',
    'secureContext',
    'rejectUnauthorized',
    'checkServerIdentity',
    'SNICallback',
    'pskCallback',
    'ticketKeys',
    'requestCert',
    'session',
    'allowPartialTrustChain',
  ]) {
    it(`refuses base.${option}`, () => {
      const options = { svid: own, bundles: own, authorize: authorizeAny() };
      assert.ok(mtlsServerOptions({ ...options, base: { ALPNProtocols: ['h2'] } }));
      assert.throws(() => mtlsServerOptions({ ...options, base: { [option]: undefined } }), TypeError);
    });
  }

  for (const ciphers of [
    'DEFAULT@SECLEVEL=0',
    'HIGH:aNULL',
    'NULL-SHA256',
    'eNULL',
    'ADH:HIGH',
    '@SECLEVEL=0;HIGH',
    'aNULL;HIGH',
  ]) {
    it(`refuses the ciphers ${ciphers}`, () => {
      const options = { svid: own, bundles: own, authorize: authorizeAny() };
      assert.ok(mtlsServerOptions({ ...options, base: { ciphers: 'HIGH:!aNULL:!eNULL:!ADH' } }));
      assert.throws(() => mtlsServerOptions({ ...options, base: { ciphers } }), TypeError);
    });
  }

  it('accepts no protocol below TLS 1.2', () => {
    const options = { svid: own, bundles: own, authorize: authorizeAny() };
    assert.throws(() => mtlsServerOptions({ ...options, base: { minVersion: 'TLSv1.1' } }), TypeError);
  });
});
