import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectTcp, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import type { Server } from 'node:tls';
import { authorizeId, authorizeMemberOf, isSpiffeError } from '@credence/sdk';
import { ManualClock, StaticX509Source, TestCa } from '@credence/sdk/testing';
import {
  connect,
  createHttp2Server,
  createHttpsServer,
  peerOf,
  SpiffeAgent,
  spiffeConnector,
  type MtlsClientOptions,
  type MtlsServerOptions,
} from '@credence/sdk/tls';
import { Agent, fetch, type buildConnector } from 'undici';
import { WebSocket, WebSocketServer } from 'ws';
import { close, listening } from './loopback.js';

describe('adapters', () => {
  let a: TestCa;
  let b: TestCa;
  let own: StaticX509Source;
  let client: StaticX509Source;
  const servers: Server[] = [];
  const dispatchers: { destroy(): unknown }[] = [];

  before(async () => {
    [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
  });
  beforeEach(async () => {
    const bundles = [a.bundle(), b.bundle()];
    own = new StaticX509Source(await a.x509Svid('/server'), bundles);
    client = new StaticX509Source(await a.x509Svid('/client'), bundles);
  });
  afterEach(async () => {
    for (const dispatcher of dispatchers.splice(0)) await dispatcher.destroy();
    await Promise.all(servers.splice(0).map((server) => close(server)));
  });

  const serverOptions = (): MtlsServerOptions => ({ svid: own, bundles: own, authorize: authorizeMemberOf('a.test') });
  const clientOptions = (): MtlsClientOptions => ({
    svid: client,
    bundles: client,
    authorize: authorizeId('spiffe://a.test/server'),
  });
  const started = async (server: Server): Promise<number> => {
    servers.push(server);
    return (await listening(server)).port;
  };
  const teller = (): Promise<number> =>
    started(createHttpsServer(serverOptions(), (req, res) => res.end(`${req.httpVersion} ${String(peerOf(req)?.id)}`)));
  const forged = async (): Promise<MtlsClientOptions> => {
    const source = new StaticX509Source(await b.forgedSvid('spiffe://a.test/client'), [a.bundle()]);
    return { ...clientOptions(), svid: source, bundles: source };
  };

  describe('undici', () => {
    // The type of undici itself: the connector has its shape.
    const agentFor = (options: MtlsClientOptions, more: Agent.Options = {}): Agent => {
      const connector: buildConnector.connector = spiffeConnector(options);
      const agent = new Agent({ ...more, connect: connector });
      dispatchers.push(agent);
      return agent;
    };
    const ask = async (url: string, dispatcher: Agent): Promise<string> => (await fetch(url, { dispatcher })).text();

    it('fetches from a server that it verifies, which knows who calls', async () => {
      const port = await teller();
      assert.equal(await ask(`https://127.0.0.1:${port}/`, agentFor(clientOptions())), '1.1 spiffe://a.test/client');
      assert.equal(await ask(`https://localhost:${port}/`, agentFor(clientOptions())), '1.1 spiffe://a.test/client');
    });

    it('works for the fetch of Node', async () => {
      const url = `https://127.0.0.1:${await teller()}/`;
      const init = { dispatcher: agentFor(clientOptions()) };
      const response = await globalThis.fetch(url, init as unknown as Parameters<typeof globalThis.fetch>[1]);
      assert.equal(await response.text(), '1.1 spiffe://a.test/client');
    });

    it('fails with the reason when the server is not authorized', async () => {
      const port = await teller();
      const agent = agentFor({ ...clientOptions(), authorize: authorizeId('spiffe://a.test/other') });
      await assert.rejects(ask(`https://127.0.0.1:${port}/`, agent), ({ cause }: Error) =>
        isSpiffeError(cause, 'ERR_SPIFFE_UNAUTHORIZED'),
      );
    });

    it('is refused with a forged identity', async () => {
      const port = await teller();
      await assert.rejects(ask(`https://127.0.0.1:${port}/`, agentFor(await forged())));
    });

    it('uses the SVID of the moment for new connections, and loses those to servers that are withdrawn', async () => {
      const serials: string[] = [];
      const port = await started(
        createHttpsServer(serverOptions(), (request, response) => {
          serials.push(peerOf(request)!.leaf.serialNumber.toString());
          response.end('ok');
        }),
      );
      const agent = agentFor(clientOptions(), { pipelining: 0 });
      const next = await a.x509Svid('/client');
      await ask(`https://127.0.0.1:${port}/`, agent);
      const first = client.getX509Svid();
      client.update({ svid: next });
      await ask(`https://127.0.0.1:${port}/`, agent);
      assert.deepEqual(
        serials,
        [first, next].map(({ leaf }) => leaf.serialNumber.toString()),
      );
      client.update({ bundles: [b.bundle()] });
      await assert.rejects(ask(`https://127.0.0.1:${port}/`, agent));
    });

    it('speaks HTTP/2', async () => {
      const server = createHttp2Server(serverOptions(), (request, response) => {
        response.end(`${request.httpVersion} ${String(peerOf(request)?.id)}`);
      });
      const port = await started(server);
      const options = { ...clientOptions(), base: { ALPNProtocols: ['h2', 'http/1.1'] } };
      const agent = agentFor(options, { allowH2: true });
      assert.equal(await ask(`https://127.0.0.1:${port}/`, agent), '2.0 spiffe://a.test/client');
    });

    it('goes over a connection that it is given, such as one through a proxy', async () => {
      const port = await teller();
      const connector = spiffeConnector(clientOptions());
      const agent = new Agent({
        connect: (target, callback) => {
          const httpSocket = connectTcp(port, '127.0.0.1', () => {
            connector({ ...target, httpSocket }, callback);
          });
        },
      });
      dispatchers.push(agent);
      assert.equal(await ask('https://orders.example/', agent), '1.1 spiffe://a.test/client');
    });

    it('gives up on a server that does not shake hands within 10 s, as undici does by itself', async () => {
      const silent = createTcpServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const accepted = once(silent, 'connection') as Promise<[Socket]>;
      const clock = new ManualClock(new Date());
      const asked = ask(
        `https://127.0.0.1:${(silent.address() as AddressInfo).port}/`,
        agentFor({ ...clientOptions(), clock }),
      );
      const refused = assert.rejects(
        asked,
        ({ cause }: Error) => (cause as NodeJS.ErrnoException).code === 'ETIMEDOUT',
      );
      const [socket] = await accepted;
      await clock.advance(9_999);
      assert.equal(clock.sleepers, 1);
      await clock.advance(1);
      await refused;
      socket.destroy();
      silent.close();
    });

    it('is not made without saying which servers are trusted, nor with a base that decides it', () => {
      assert.ok(spiffeConnector(clientOptions()));
      assert.throws(() => spiffeConnector({ ...clientOptions(), authorize: undefined as never }), TypeError);
      assert.throws(() => spiffeConnector({ ...clientOptions(), base: { rejectUnauthorized: false } }), TypeError);
    });

    it('connects to nothing but https', async () => {
      const agent = agentFor(clientOptions());
      await assert.rejects(
        ask(`http://127.0.0.1:${await teller()}/`, agent),
        ({ cause }: Error) => cause instanceof TypeError && cause.message.includes('expected https'),
      );
    });

    it('ends a connection when the SVID of its server expires', async () => {
      const clock = new ManualClock(new Date());
      let closed = 0;
      const server = createHttpsServer(serverOptions(), (_request, response) => response.end('ok'));
      server.on('secureConnection', (socket: Socket) => socket.once('close', () => closed++));
      const port = await started(server);
      const agent = agentFor({ ...clientOptions(), clock });
      await ask(`https://127.0.0.1:${port}/`, agent);
      await clock.advance(3_600_000);
      await ask(`https://127.0.0.1:${port}/`, agent).catch(() => undefined);
      assert.equal(closed, 1);
    });
  });

  describe('ws', () => {
    const serve = async (): Promise<{ port: number; peers: string[] }> => {
      const server = createHttpsServer(serverOptions());
      const peers: string[] = [];
      new WebSocketServer({ server }).on('connection', (socket, request) => {
        peers.push(String(peerOf(request)?.id));
        socket.on('message', (data: Buffer) => { socket.send(`${data.toString()} back`); }); // prettier-ignore
        socket.on('error', () => undefined);
      });
      return { port: await started(server), peers };
    };
    const dial = async (port: number, options: MtlsClientOptions): Promise<WebSocket> => {
      const agent = new SpiffeAgent(options);
      dispatchers.push(agent);
      const socket = new WebSocket(`wss://127.0.0.1:${port}/`, { agent });
      await once(socket, 'open');
      return socket.on('error', () => undefined);
    };

    it('connects through SpiffeAgent to a server that knows who it is', async () => {
      const { port, peers } = await serve();
      const socket = await dial(port, clientOptions());
      socket.send('there and');
      assert.equal(String((await once(socket, 'message'))[0]), 'there and back');
      assert.deepEqual(peers, ['spiffe://a.test/client']);
      socket.terminate();
    });

    it('is refused when it is not who it must be, on either side', async () => {
      const { port, peers } = await serve();
      await assert.rejects(dial(port, { ...clientOptions(), authorize: authorizeId('spiffe://a.test/other') }), {
        code: 'ERR_SPIFFE_UNAUTHORIZED',
      });
      await assert.rejects(dial(port, await forged()));
      assert.deepEqual(peers, []);
    });

    it('is cut off when the bundle of its peer is withdrawn, on either side', async () => {
      const { port } = await serve();
      for (const source of [own, client]) {
        const socket = await dial(port, clientOptions());
        const closed = once(socket, 'close');
        source.update({ bundles: [b.bundle()] });
        await closed;
        source.update({ bundles: [a.bundle(), b.bundle()] });
      }
    });
  });

  describe('node:http2', () => {
    it('connects over a connection that is verified already', async () => {
      const server = createHttp2Server(serverOptions(), (request, response) => {
        response.end(String(peerOf(request)?.id));
      });
      const port = await started(server);
      const base = { ALPNProtocols: ['h2'] };
      const socket = await connect({ host: '127.0.0.1', port, ...clientOptions(), base });
      const session = connectHttp2('https://server', { createConnection: () => socket });
      const stream = session.request({ ':path': '/' });
      assert.equal(String((await once(stream, 'data'))[0]), 'spiffe://a.test/client');
      session.destroy();
    });

    it('serves HTTP/1.1 as well when it is told to, and knows who calls', async () => {
      const options = { ...serverOptions(), base: { allowHTTP1: true } };
      const server = createHttp2Server(options, (request, response) => {
        response.end(`${request.httpVersion} ${String(peerOf(request)?.id)}`);
      });
      const port = await started(server);
      const agent = new SpiffeAgent(clientOptions());
      const sent = httpsRequest({ host: '127.0.0.1', port, agent }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      assert.equal(String((await once(response, 'data'))[0]), '1.1 spiffe://a.test/client');
      agent.destroy();
    });
  });
});
