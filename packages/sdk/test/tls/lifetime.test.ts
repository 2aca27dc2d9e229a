import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type Http2ServerResponse,
} from 'node:http2';
import { Agent, get } from 'node:https';
import type { Server, TLSSocket } from 'node:tls';
import { authorizeAny, X509Bundle } from '@credence/sdk';
import { ManualClock, StaticX509Source, TestCa } from '@credence/sdk/testing';
import {
  connect,
  createHttp2Server,
  createHttpsServer,
  createServer,
  mtlsClientOptions,
  SpiffeAgent,
  type LifetimeOptions,
  type MtlsClientOptions,
} from '@credence/sdk/tls';
import { answered, close, greet, greeted, listening } from './loopback.js';

const hourMs = 3_600_000;

describe('the end of connections', () => {
  let a: TestCa;
  let own: StaticX509Source;
  let client: StaticX509Source;
  let clock: ManualClock;
  const servers: Server[] = [];
  const sockets: { destroy(): unknown }[] = [];

  before(async () => {
    a = await TestCa.create('a.test', { notAfter: new Date(Date.now() + 24 * hourMs) });
  });
  beforeEach(async () => {
    // X.509 knows whole seconds (RFC 5280 §4.1.2.5).
    clock = new ManualClock(new Date(Math.floor(Date.now() / 1000) * 1000));
    const notAfter = new Date(clock.now().getTime() + hourMs);
    own = new StaticX509Source(await a.x509Svid('/server', { notAfter }), [a.bundle()]);
    client = new StaticX509Source(await a.x509Svid('/client', { notAfter }), [a.bundle()]);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => close(server)));
  });

  const serverOptions = (more: LifetimeOptions = {}) => ({ svid: own, bundles: own, authorize: authorizeAny(), clock, ...more }); // prettier-ignore
  const clientOptions = (more: Partial<MtlsClientOptions> = {}): MtlsClientOptions => ({ svid: client, bundles: client, authorize: authorizeAny(), ...more }); // prettier-ignore
  const started = async (server: Server): Promise<number> => {
    servers.push(server);
    return (await listening(server)).port;
  };
  const kept = <T extends { destroy(): unknown }>(socket: T): T => {
    sockets.push(socket);
    return socket;
  };
  const dial = async (port: number, options = clientOptions()): Promise<TLSSocket> =>
    kept((await greeted(port, options)).on('error', () => undefined));

  describe('that are neither HTTP/1.1 nor HTTP/2', () => {
    it('comes when the SVID of the peer expires, and leaves no timer', async () => {
      const port = await started(createServer(serverOptions(), greet));
      const socket = await dial(port);
      const other = await dial(port);
      assert.equal(clock.sleepers, 2);
      other.destroy();
      socket.write('still here');
      assert.equal(await answered(socket), 'still here');
      const closed = once(socket, 'close');
      await clock.advance(hourMs);
      await closed;
      assert.equal(clock.sleepers, 0);
    });

    it('waits for a protocol that takes leave, no longer than the grace', async () => {
      const closing: TLSSocket[] = [];
      const onClosing = (socket: TLSSocket): void => void closing.push(socket.on('error', () => undefined));
      const port = await started(createServer(serverOptions({ onClosing, graceMs: 5000 }), greet));
      const [polite, stubborn] = [await dial(port), await dial(port)];
      await clock.advance(hourMs);
      assert.equal(closing.length, 2);
      closing[0]!.end('bye');
      assert.equal(await answered(polite), 'bye');
      stubborn.write('still here');
      assert.equal(await answered(stubborn), 'still here');
      const closed = once(stubborn, 'close');
      await clock.advance(5000);
      await closed;
    });

    it('comes at once when the protocol cannot take leave', async () => {
      const onClosing = (): void => {
        throw new Error('broken');
      };
      const socket = await dial(await started(createServer(serverOptions({ onClosing }), greet)));
      const closed = once(socket, 'close');
      await clock.advance(hourMs);
      await closed;
    });

    it('comes at the greatest age, of clients without an SVID too', async () => {
      const mutual = createServer(serverOptions({ maxConnectionAgeMs: 1000 }), greet);
      const plain = createServer({ svid: own, clientAuthentication: 'none', clock, maxConnectionAgeMs: 1000 }, greet);
      for (const server of [mutual, plain]) {
        const socket = await dial(await started(server));
        await clock.advance(999);
        socket.write('still here');
        assert.equal(await answered(socket), 'still here');
        const closed = once(socket, 'close');
        await clock.advance(1);
        await closed;
      }
    });

    it('does not come with an SVID that nobody watches', async () => {
      const socket = await dial(await started(createServer(serverOptions({ closeOnPeerExpiry: false }), greet)));
      await clock.advance(2 * hourMs);
      socket.write('still here');
      assert.equal(await answered(socket), 'still here');
    });
  });

  describe('of HTTP/1.1', () => {
    let responses: ServerResponse[];
    let agent: Agent;
    let port: number;

    beforeEach(async () => {
      responses = [];
      agent = kept(new Agent({ ...mtlsClientOptions(clientOptions()), keepAlive: true, maxCachedSessions: 0 }));
      const server = createHttpsServer(serverOptions({ graceMs: 5000 }), (request, response) => {
        if (request.url === '/held') responses.push(response);
        else response.end('ok');
      });
      port = await started(server);
    });
    const ask = async (path = '/'): Promise<{ body: string; connection: string | undefined; reused: boolean }> => {
      const request = get({ host: '127.0.0.1', port, path, agent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      let body = '';
      for await (const chunk of response) body += String(chunk);
      return { body, connection: response.headers.connection, reused: request.reusedSocket };
    };
    const beginHeld = async (): Promise<{ readonly answer: ReturnType<typeof ask> }> => {
      const arrival = once(servers[0]!, 'request');
      const answer = ask('/held');
      answer.catch(() => undefined);
      await arrival;
      return { answer };
    };

    it('comes at once when no request is under way', async () => {
      await ask();
      assert.equal((await ask()).reused, true);
      const [socket] = Object.values(agent.freeSockets)[0]!;
      const closed = once(socket!, 'close');
      await clock.advance(hourMs);
      await closed;
    });

    for (const begun of [false, true]) {
      it(`lets a request ${begun ? 'whose answer has begun' : 'without an answer yet'} finish, and takes no other`, async () => {
        const { answer } = await beginHeld();
        if (begun) responses[0]!.write('la');
        await clock.advance(hourMs);
        responses[0]!.end(begun ? 'te' : 'late');
        const { body, connection } = await answer;
        assert.equal(body, 'late');
        assert.equal(connection, begun ? 'keep-alive' : 'close');
        await waitFor(() => Object.keys(agent.sockets).length + Object.keys(agent.freeSockets).length === 0);
      });
    }

    it('ends a request that takes longer than the grace', async () => {
      const { answer } = await beginHeld();
      await clock.advance(hourMs + 4999);
      assert.equal(responses[0]!.destroyed, false);
      await clock.advance(1);
      await assert.rejects(answer, { code: 'ECONNRESET' });
    });
  });

  describe('of HTTP/2', () => {
    let responses: Http2ServerResponse[];
    let session: ClientHttp2Session;

    beforeEach(async () => {
      responses = [];
      const port = await started(
        createHttp2Server(serverOptions({ graceMs: 5000 }), (_request, response) => {
          responses.push(response);
        }),
      );
      const base = { ALPNProtocols: ['h2'] };
      const socket = await connect({ host: '127.0.0.1', port, ...clientOptions({ base }) });
      session = kept(connectHttp2('https://server', { createConnection: () => socket })).on('error', () => undefined);
    });
    const open = async (): Promise<ClientHttp2Stream> => {
      const expected = responses.length + 1;
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => undefined);
      await waitFor(() => responses.length === expected);
      return stream;
    };

    it('lets a stream finish and takes no other', async () => {
      const stream = await open();
      const away = once(session, 'goaway');
      await clock.advance(hourMs);
      await away;
      assert.ok(session.closed);
      responses[0]!.end('late');
      const [body] = (await once(stream, 'data')) as [Buffer];
      assert.equal(body.toString(), 'late');
      await once(session, 'close');
    });

    it('ends a stream that takes longer than the grace', async () => {
      const stream = await open();
      await clock.advance(hourMs + 4999);
      const closed = once(stream, 'close');
      await clock.advance(1);
      await closed;
      assert.ok(session.destroyed);
    });
  });

  describe('of clients', () => {
    const bundleOf = (...cas: TestCa[]): X509Bundle => X509Bundle.fromCertificates(a.trustDomain, cas.map((ca) => ca.certificate)); // prettier-ignore

    it('XV-50, XV-51: comes when the bundle or the authority of the server is withdrawn, and then nobody watches', async () => {
      const other = await TestCa.create('a.test');
      for (const left of [[], [bundleOf(other)]]) {
        const source = new StaticX509Source(client.getX509Svid(), [bundleOf(a, other)]);
        const port = await started(createServer(serverOptions(), greet));
        const socket = await dial(port, clientOptions({ svid: source, bundles: source }));
        source.update({ svid: await a.x509Svid('/client') });
        socket.write('still here');
        assert.equal(await answered(socket), 'still here');
        assert.equal(source.listenerCount('update'), 1);
        const closed = once(socket, 'close');
        source.update({ bundles: left });
        await closed;
        assert.equal(source.listenerCount('update'), 0);
      }
    });

    it('comes when the SVID of the server expires', async () => {
      const socket = await dial(await started(createServer(serverOptions(), greet)), clientOptions({ clock }));
      const closed = once(socket, 'close');
      await clock.advance(hourMs);
      await closed;
    });

    it('lets a request of SpiffeAgent finish, and its connection serve no other', async () => {
      const held: ServerResponse[] = [];
      const server = createHttpsServer({ ...serverOptions(), closeOnPeerExpiry: false }, (_request, response) => {
        held.push(response);
      });
      const port = await started(server);
      const agent = kept(new SpiffeAgent(clientOptions({ clock, graceMs: 5000 }), { keepAlive: true }));
      const ask = async (): Promise<IncomingMessage> => {
        const request = get({ host: '127.0.0.1', port, agent });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        return response;
      };
      const answer = ask();
      await waitFor(() => held.length === 1);
      await clock.advance(hourMs);
      held[0]!.end('late');
      const response = await answer;
      assert.equal(String((await once(response, 'data'))[0]), 'late');
      await waitFor(() => Object.keys(agent.freeSockets).length === 0 && Object.keys(agent.sockets).length === 0);
    });
  });
});

async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'in time');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
