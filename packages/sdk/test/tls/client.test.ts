import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get, globalAgent, type Server as HttpsServer } from 'node:https';
import { connect as connectTls, type Server } from 'node:tls';
import { Client, credentials, Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { authorizeAny, authorizeId, authorizeMemberOf } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import {
  connect,
  createHttpsServer,
  createServer,
  mtlsClientOptions,
  peerOf,
  secureContextParts,
  SpiffeAgent,
  type MtlsClientOptions,
} from '@credence/sdk/tls';
import { answered, close, greet, greeted, listening } from './loopback.js';

describe('mTLS client', () => {
  let a: TestCa;
  let b: TestCa;
  let server: StaticX509Source;
  let client: StaticX509Source;
  let options: MtlsClientOptions;
  const servers: Server[] = [];

  before(async () => {
    [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
  });
  beforeEach(async () => {
    const bundles = [a.bundle(), b.bundle()];
    server = new StaticX509Source(await a.x509Svid('/server'), bundles);
    client = new StaticX509Source(await a.x509Svid('/client'), bundles);
    options = { svid: client, bundles: client, authorize: authorizeId('spiffe://a.test/server') };
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((started) => close(started)));
  });

  const started = async (made: Server): Promise<number> => {
    const { port } = await listening(made);
    servers.push(made);
    return port;
  };
  const greeter = (): Promise<number> =>
    started(createServer({ svid: server, bundles: server, authorize: authorizeAny() }, greet));
  const greeterOver = (listener: Parameters<typeof createHttpsServer>[1]): HttpsServer =>
    createHttpsServer({ svid: server, bundles: server, authorize: authorizeAny() }, listener);

  describe('connect', () => {
    it('gives a connection to the server it asked for', async () => {
      const socket = await greeted(await greeter(), options);
      assert.equal(peerOf(socket)?.id.toString(), 'spiffe://a.test/server');
      socket.destroy();
    });

    it('names the server that is not authorized, and the rule', async () => {
      const port = await greeter();
      const authorize = authorizeId('spiffe://a.test/other');
      await assert.rejects(greeted(port, { ...options, authorize }), {
        code: 'ERR_SPIFFE_UNAUTHORIZED',
        details: { id: 'spiffe://a.test/server' },
        message: /expected spiffe:\/\/a.test\/other/,
      });
    });

    it('refuses a server of a trust domain that the authorizer never allows in the handshake itself', async () => {
      const port = await greeter();
      await assert.rejects(greeted(port, { ...options, authorize: authorizeMemberOf('b.test') }), {
        code: 'ERR_SPIFFE_UNAUTHORIZED',
        details: { id: 'spiffe://a.test/server' },
      });
    });

    it('gives up with the reason of its signal, and passes errors of the network on', async () => {
      const reason = new Error('enough');
      const port = await greeter();
      const signal = AbortSignal.abort(reason);
      await assert.rejects(connect({ ...options, host: '127.0.0.1', port, signal }), reason);
      await close(servers.pop()!);
      await assert.rejects(connect({ ...options, host: '127.0.0.1', port }), { code: 'ECONNREFUSED' });
    });
  });

  it('mtlsClientOptions are those of the moment, for anything built on tls.connect', async () => {
    const port = await greeter();
    const socket = connectTls({ host: '127.0.0.1', port, ...mtlsClientOptions(options) });
    assert.equal(await answered(socket), 'hello');
    socket.destroy();
    client.update({ bundles: [b.bundle()] });
    const refused = connectTls({ host: '127.0.0.1', port, ...mtlsClientOptions(options) });
    await assert.rejects(once(refused, 'secureConnect'));
    assert.throws(() => mtlsClientOptions({ ...options, base: { checkServerIdentity: () => undefined } }), TypeError);
  });

  it('mtlsClientOptions never take a connection that another authorizer allowed, out of the pool of https say', async () => {
    const port = await started(greeterOver((_request, response) => response.end('ok')));
    const status = async (id: string): Promise<number | undefined> => {
      const authorize = authorizeId(id);
      const request = get({ host: '127.0.0.1', port, ...mtlsClientOptions({ ...options, authorize }) });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      await once(response.resume(), 'end');
      return response.statusCode;
    };
    assert.equal(await status('spiffe://a.test/server'), 200);
    await assert.rejects(status('spiffe://a.test/other'), { code: 'ERR_SPIFFE_UNAUTHORIZED' });
    assert.deepEqual(Object.keys(globalAgent.freeSockets), []);
  });

  describe('SpiffeAgent', () => {
    const call = async (port: number, agent: SpiffeAgent): Promise<string> => {
      const request = get({ host: '127.0.0.1', port, agent });
      const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    };

    it('keeps connections until the SVID rotates', async () => {
      const seen: string[] = [];
      const port = await started(
        greeterOver((req, res) => {
          const peer = peerOf(req);
          seen.push(String(peer?.leaf.serialNumber));
          res.end(peer?.id.toString());
        }),
      );
      const agent = new SpiffeAgent(options, { keepAlive: true });
      const first = client.getX509Svid().leaf.serialNumber;
      assert.equal(await call(port, agent), 'spiffe://a.test/client');
      assert.equal(await call(port, agent), 'spiffe://a.test/client');
      client.update({ svid: await a.x509Svid('/client') });
      assert.equal(await call(port, agent), 'spiffe://a.test/client');
      const second = client.getX509Svid().leaf.serialNumber;
      assert.deepEqual(seen, [first, first, second].map(String));
      agent.destroy();
    });

    it('refuses what is not authorized, with the reason', async () => {
      const port = await started(greeterOver((_req, res) => res.end()));
      const agent = new SpiffeAgent({ ...options, authorize: authorizeId('spiffe://a.test/other') });
      await assert.rejects(call(port, agent), { code: 'ERR_SPIFFE_UNAUTHORIZED' });
      agent.destroy();
    });

    it('refuses when its logger fails, too: what a check of Node throws would let the server in', async () => {
      const fail = (): never => {
        throw new Error('broken');
      };
      const logger = { debug: fail, info: fail, warn: fail, error: fail };
      const port = await started(greeterOver((_request, response) => response.end('ok')));
      const agent = new SpiffeAgent({ ...options, authorize: authorizeId('spiffe://a.test/other'), logger });
      const request = get({ host: '127.0.0.1', port, agent });
      await assert.rejects(once(request, 'response'), { code: 'ERR_SPIFFE_UNAUTHORIZED' });
      agent.destroy();
    });

    it('does not let a request weaken it', async () => {
      const port = await started(greeterOver((_req, res) => res.end()));
      const agent = new SpiffeAgent({ ...options, authorize: authorizeId('spiffe://a.test/other') });
      const weak = { rejectUnauthorized: false, checkServerIdentity: () => undefined };
      const request = get({ host: '127.0.0.1', port, agent, ...weak });
      await assert.rejects(once(request, 'response'), { code: 'ERR_SPIFFE_UNAUTHORIZED' });
      agent.destroy();
    });
  });

  describe('secureContextParts', () => {
    it('secure a gRPC channel', async () => {
      const grpc = new GrpcServer();
      const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
      const port = await started(
        createServer(
          { svid: server, bundles: server, authorize: authorizeAny(), base: { ALPNProtocols: ['h2'] } },
          (socket) => {
            injector.injectConnection(socket);
          },
        ),
      );
      const reach = async (authorize: MtlsClientOptions['authorize']): Promise<void> => {
        const { ca, cert, key, checkServerIdentity } = secureContextParts({ ...options, authorize });
        const [roots, chain, privateKey] = [ca.join(''), cert, key].map((pem) => Buffer.from(pem ?? ''));
        const verify = { checkServerIdentity, rejectUnauthorized: true };
        const channel = credentials.createSsl(roots, privateKey, chain, verify);
        const grpcClient = new Client(`127.0.0.1:${port}`, channel);
        try {
          await new Promise<void>((resolve, reject) => {
            grpcClient.waitForReady(Date.now() + 700, (error) => {
              if (error === undefined) resolve();
              else reject(error);
            });
          });
        } finally {
          grpcClient.close();
        }
      };
      await reach(authorizeId('spiffe://a.test/server'));
      await assert.rejects(reach(authorizeId('spiffe://a.test/other')));
      grpc.forceShutdown();
    });

    it('leave certificate and key out without an SVID', () => {
      const { ca, cert, key } = secureContextParts({ bundles: client, authorize: authorizeAny() });
      assert.deepEqual([cert, key], [undefined, undefined]);
      assert.equal(ca.length, 3);
    });
  });
});
