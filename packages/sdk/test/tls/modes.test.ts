import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { connect as connectTls, type Server, type TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { authorizeAny, authorizeId, type X509Svid } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import {
  createServer,
  mtlsClientOptions,
  mtlsServerOptions,
  mtlsWebClientOptions,
  mtlsWebServerOptions,
  peerOf,
  tlsClientOptions,
  tlsServerOptions,
  type ClientOptions,
  type ServerOptions,
} from '@credence/sdk/tls';
import { toPem } from '@credence/sdk/x509';
import { close, greet, greeted, listening } from './loopback.js';

/** A certificate as a web server shows it, which announces when it is replaced. */
class WebCertificate extends EventEmitter<{ update: [] }> {
  cert: string;
  key: string;

  constructor({ cert, key }: { cert: string; key: string }) {
    super();
    this.cert = cert;
    this.key = key;
  }

  replace({ cert, key }: { cert: string; key: string }): void {
    this.cert = cert;
    this.key = key;
    this.emit('update');
  }
}

describe('the six modes of TLS', () => {
  let a: TestCa;
  let web: TestCa;
  let own: StaticX509Source;
  let client: StaticX509Source;
  let webCertificate: WebCertificate;
  const servers: Server[] = [];
  const sockets: TLSSocket[] = [];

  const forHost = async (host: string): Promise<{ cert: string; key: string }> => {
    const { chain, privateKey } = await web.credential('/web', { uris: [], dnsNames: [host] });
    const cert = toPem(chain[0]!, 'CERTIFICATE');
    return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
  };

  before(async () => {
    [a, web] = await Promise.all([TestCa.create('a.test'), TestCa.create('web.test')]);
    own = new StaticX509Source(await a.x509Svid('/server'), [a.bundle()]);
    client = new StaticX509Source(await a.x509Svid('/client'), [a.bundle()]);
  });
  beforeEach(async () => {
    webCertificate = new WebCertificate(await forHost('localhost'));
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => close(server, ...sockets.splice(0))));
  });

  const allowed = authorizeId('spiffe://a.test/client');
  const serverModes = {
    mTLS: (): ServerOptions => ({ svid: own, bundles: own, authorize: allowed }),
    TLS: (): ServerOptions => ({ svid: own, clientAuthentication: 'none' }),
    'mTLS with a web certificate': (): ServerOptions => ({ webCertificate, bundles: own, authorize: allowed }),
  };
  const clientModes = {
    mTLS: (): ClientOptions => ({ svid: client, bundles: client, authorize: authorizeId('spiffe://a.test/server') }),
    TLS: (): ClientOptions => ({ bundles: client, authorize: authorizeId('spiffe://a.test/server') }),
    'mTLS to a web server': (): ClientOptions => ({
      svid: client,
      webRoots: [web.bundle().toPem()],
      base: { servername: 'localhost' },
    }),
  };
  const start = async (options: ServerOptions): Promise<{ port: number; peers: (string | undefined)[] }> => {
    const peers: (string | undefined)[] = [];
    const { server, port } = await listening(
      createServer(options, (socket) => {
        peers.push(peerOf(socket)?.id.toString());
        greet(socket);
      }),
    );
    servers.push(server);
    return { port, peers };
  };
  const dial = async (port: number, options: ClientOptions): Promise<TLSSocket> => {
    const socket = await greeted(port, options);
    sockets.push(socket.on('error', () => undefined));
    return socket;
  };

  for (const [serverMode, serverOptions] of Object.entries(serverModes)) {
    for (const [clientMode, clientOptions] of Object.entries(clientModes)) {
      const showsWeb = serverMode.includes('web');
      const wantsWeb = clientMode.includes('web');
      const asks = serverMode !== 'TLS';
      const fits = showsWeb === wantsWeb && (!asks || clientMode !== 'TLS');
      it(`a server of ${serverMode} and a client of ${clientMode} ${fits ? 'meet' : 'refuse each other'}`, async () => {
        const { port, peers } = await start(serverOptions());
        if (!fits) {
          await assert.rejects(dial(port, clientOptions()));
          assert.deepEqual(peers, []);
          return;
        }
        const socket = await dial(port, clientOptions());
        assert.equal(peerOf(socket)?.id.toString(), wantsWeb ? undefined : 'spiffe://a.test/server');
        assert.deepEqual(peers, [asks ? 'spiffe://a.test/client' : undefined]);
      });
    }
  }

  it('options alone serve anything built on tls.connect', async () => {
    const { port } = await start(serverModes.TLS());
    const { port: webPort } = await start(serverModes['mTLS with a web certificate']());
    const authorize = authorizeAny();
    const options = [
      { port, ...tlsClientOptions({ svid: client, bundles: client, authorize }) },
      { port, ...mtlsClientOptions({ svid: client, bundles: client, authorize }) },
      { port: webPort, ...mtlsWebClientOptions({ svid: client, webRoots: [web.bundle().toPem()] }) },
    ];
    for (const one of options) {
      const socket = connectTls({ host: '127.0.0.1', servername: 'localhost', ...one });
      sockets.push(socket);
      await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
    }
  });

  it('a TLS client presents no certificate, though it has one', async () => {
    const { port } = await start({ ...serverModes.mTLS(), clientAuthentication: 'required' } as ServerOptions);
    const target = { host: '127.0.0.1', port };
    const options = { svid: client, bundles: client, authorize: authorizeAny() };
    const outcome = (socket: TLSSocket): Promise<string> =>
      new Promise((resolve) => {
        sockets.push(socket.once('data', () => { resolve('greeted'); }).on('error', () => undefined).once('close', () => { resolve('closed'); })); // prettier-ignore
      });
    assert.equal(await outcome(connectTls({ ...target, ...mtlsClientOptions(options) })), 'greeted');
    assert.equal(await outcome(connectTls({ ...target, ...tlsClientOptions(options) })), 'closed');
  });

  describe('a client of the Web PKI', () => {
    const options = (): ClientOptions => ({ svid: client, webRoots: [web.bundle().toPem()] });

    it('checks the host name', async () => {
      const { port } = await start(serverModes['mTLS with a web certificate']());
      await dial(port, { ...options(), base: { servername: 'localhost' } });
      const other = { ...options(), base: { servername: 'other.test' } };
      await assert.rejects(dial(port, other), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    });

    it('trusts no authority of SPIFFE, and with default roots none of these', async () => {
      const { port } = await start(serverModes['mTLS with a web certificate']());
      const base = { servername: 'localhost' };
      await assert.rejects(dial(port, { ...options(), webRoots: [a.bundle().toPem()], base }));
      await assert.rejects(dial(port, { ...options(), webRoots: 'default', base }));
    });

    for (const webRoots of [[], [''], '', undefined, null, 'system']) {
      it(`refuses ${inspect(webRoots)} for roots, which would mean all those of Node`, () => {
        const wrong = { ...options(), webRoots } as ClientOptions;
        assert.throws(() => mtlsWebClientOptions(wrong as Parameters<typeof mtlsWebClientOptions>[0]), TypeError);
      });
    }
  });

  it('a web server rotates to the certificate that it is given next', async () => {
    const { port } = await start(serverModes['mTLS with a web certificate']());
    const localhost = { ...clientModes['mTLS to a web server'](), base: { servername: 'localhost' } };
    const renamed = { ...localhost, base: { servername: 'renamed.test' } };
    await dial(port, localhost);
    await assert.rejects(dial(port, renamed));
    webCertificate.replace(await forHost('renamed.test'));
    await dial(port, renamed);
    await assert.rejects(dial(port, localhost));
  });

  it('a TLS server rotates, and serves nobody without an identity', async () => {
    const source = new StaticX509Source(await a.x509Svid('/server'), [a.bundle()]);
    const { port } = await start({ svid: source, clientAuthentication: 'none' });
    const first = peerOf(await dial(port, clientModes.TLS()))?.leaf.serialNumber;
    source.update({ svid: await a.x509Svid('/server') });
    assert.notDeepEqual(peerOf(await dial(port, clientModes.TLS()))?.leaf.serialNumber, first);
    source.getX509Svid = (): X509Svid => {
      throw new Error('revoked');
    };
    source.emit('update');
    await assert.rejects(dial(port, clientModes.TLS()));
  });

  const none = undefined as never;
  const unclear: [title: string, make: () => unknown][] = [
    ['a server without an authorizer', () => mtlsServerOptions({ svid: own, bundles: own, authorize: none })],
    [
      'a server that asks nobody and has an authorizer',
      () => tlsServerOptions({ ...serverModes.mTLS(), clientAuthentication: 'none' } as never),
    ],
    [
      'a web server without an authorizer',
      () => mtlsWebServerOptions({ webCertificate, bundles: own, authorize: none }),
    ],
    ['a server without bundles', () => mtlsServerOptions({ svid: own, bundles: none, authorize: allowed })],
    ['a client without bundles', () => tlsClientOptions({ bundles: none, authorize: allowed })],
    ['a client without an authorizer', () => tlsClientOptions({ bundles: own, authorize: none })],
    ['a client of mutual TLS without an SVID', () => mtlsClientOptions({ ...clientModes.TLS(), svid: none } as never)],
    [
      'a web client with an authorizer',
      () => mtlsWebClientOptions({ ...clientModes['mTLS to a web server'](), authorize: allowed } as never),
    ],
  ];
  for (const [title, make] of unclear) {
    it(`refuses ${title}`, () => {
      assert.throws(make, { name: 'TypeError', message: /^(authorize|bundles|svid)\b.*(expected|cannot)/ });
    });
  }
});
