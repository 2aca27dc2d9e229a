import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get } from 'node:https';
import { createServer as createPlain, connect as connectTls, type Server, type TLSSocket } from 'node:tls';
import { authorizeAny, authorizeId } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import {
  attachServer,
  connect,
  createHttp2Server,
  createHttpsServer,
  createServer,
  mtlsClientOptions,
  mtlsServerOptions,
  SpiffeAgent,
  spiffeConnector,
  type MtlsServerOptions,
} from '@credence/sdk/tls';
import { Agent as UndiciAgent, fetch } from 'undici';
import { answered, close, greet, listening } from './loopback.js';

describe('XV-52: resumption and renegotiation', () => {
  let a: TestCa;
  let own: StaticX509Source;
  let client: StaticX509Source;
  const servers: Server[] = [];
  const sockets: TLSSocket[] = [];

  before(async () => {
    a = await TestCa.create('a.test');
  });
  beforeEach(async () => {
    own = new StaticX509Source(await a.x509Svid('/server'), [a.bundle()]);
    client = new StaticX509Source(await a.x509Svid('/client'), [a.bundle()]);
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => close(server, ...sockets.splice(0))));
  });

  const serverOptions = (): MtlsServerOptions => ({ svid: own, bundles: own, authorize: authorizeAny() });
  const started = async (server: Server): Promise<number> => {
    servers.push(server);
    return (await listening(server)).port;
  };
  const credentials = () => {
    const svid = client.getX509Svid();
    return { cert: svid.certChainPem(), key: svid.privateKeyPem(), rejectUnauthorized: false };
  };
  const dial = (port: number, more: object): TLSSocket => {
    const socket = connectTls({ host: '127.0.0.1', port, ...credentials(), ...more });
    sockets.push(socket.on('error', () => undefined));
    return socket;
  };
  const http = { 'http/1.1': createHttpsServer, h2: createHttp2Server } as const;

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    /** Every session that a client can get hold of on one connection. */
    const sessionsOf = async (port: number, more: object = {}): Promise<Buffer[]> => {
      const sessions: Buffer[] = [];
      const socket = dial(port, { maxVersion, ...more }).on('session', (session) => sessions.push(session));
      await once(socket, 'secureConnect');
      socket.write('x');
      await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      const last = socket.getSession();
      socket.destroy();
      return last === undefined ? sessions : [...sessions, last];
    };

    for (const kind of ['tls', 'https', 'http2'] as const) {
      it(`our ${kind} server gives no session that can be resumed, before and after a rotation (${maxVersion})`, async () => {
        const server =
          kind === 'tls'
            ? createServer(serverOptions(), greet)
            : kind === 'https'
              ? http['http/1.1'](serverOptions())
              : http.h2(serverOptions());
        const more = { ALPNProtocols: [kind === 'http2' ? 'h2' : 'http/1.1'] };
        const port = await started(server);
        for (let round = 0; round < 2; round++) {
          for (const session of await sessionsOf(port, more)) {
            const again = dial(port, { maxVersion, session, ...more });
            await once(again, 'secureConnect');
            assert.equal(again.isSessionReused(), false);
            again.destroy();
          }
          own.update({ svid: await a.x509Svid('/server') });
        }
      });
    }

    it(`a client whose SVID has expired resumes nothing (${maxVersion})`, async () => {
      const port = await started(createServer(serverOptions(), greet));
      const notAfter = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000);
      client = new StaticX509Source(await a.x509Svid('/client', { notAfter }), []);
      const sessions = await sessionsOf(port);
      await new Promise((resolve) => setTimeout(resolve, notAfter.getTime() - Date.now() + 1));
      for (const session of sessions) await assert.rejects(answered(dial(port, { maxVersion, session })));
    });

    it(`a session of a server that asked for no certificate opens nothing (${maxVersion})`, async () => {
      const svid = own.getX509Svid();
      const plain = createPlain(
        { cert: svid.certChainPem(), key: svid.privateKeyPem(), maxVersion, sessionIdContext: 'x' },
        greet,
      );
      const sessions = await sessionsOf(await started(plain));
      assert.ok(sessions.length > 0);
      const options: MtlsServerOptions = { ...serverOptions(), base: { sessionIdContext: 'x' } };
      const port = await started(createServer(options, greet));
      // Even where somebody gives the server the other's keys, behind our back.
      const guarded = attachServer(createPlain(mtlsServerOptions(options), greet), options);
      guarded.setTicketKeys(plain.getTicketKeys());
      const guardedPort = await started(guarded);
      for (const session of sessions) {
        for (const one of [port, guardedPort]) {
          const bare = { maxVersion, session, cert: undefined, key: undefined };
          await assert.rejects(answered(dial(one, bare)));
        }
      }
    });

    describe(`our clients resume nothing at a server that gives sessions (${maxVersion})`, () => {
      let port: number;
      let reused: boolean[];

      beforeEach(async () => {
        reused = [];
        const svid = own.getX509Svid();
        const { createServer: createPlainHttps } = await import('node:https');
        const plain = createPlainHttps(
          { cert: svid.certChainPem(), key: svid.privateKeyPem(), maxVersion },
          (_request, response) => response.setHeader('Connection', 'close').end('ok'),
        );
        plain.on('secureConnection', (socket: TLSSocket) => reused.push(socket.isSessionReused()));
        port = await started(plain);
      });
      const options = () => ({ svid: client, bundles: client, authorize: authorizeId('spiffe://a.test/server') });
      const ask = async (agent: Agent): Promise<void> => {
        const [response] = (await once(get({ host: '127.0.0.1', port, agent }), 'response')) as [NodeJS.ReadableStream];
        response.resume();
        await once(response, 'end');
      };

      it('though others do', async () => {
        const svid = client.getX509Svid();
        const agent = new Agent({ ...credentials(), ca: a.bundle().toPem(), cert: svid.certChainPem() });
        for (let i = 0; i < 3; i++) await ask(agent);
        assert.ok(reused.includes(true));
      });

      it('SpiffeAgent', async () => {
        const agent = new SpiffeAgent(options(), { maxCachedSessions: 100 });
        for (let i = 0; i < 5; i++) await ask(agent);
        assert.deepEqual(reused, [false, false, false, false, false]);
      });

      it('spiffeConnector', async () => {
        const dispatcher = new UndiciAgent({ connect: spiffeConnector(options()) });
        for (let i = 0; i < 5; i++) await (await fetch(`https://127.0.0.1:${port}/`, { dispatcher })).text();
        assert.deepEqual(reused, [false, false, false, false, false]);
        await dispatcher.destroy();
      });

      it('connect, and a session that is forced upon mtlsClientOptions is destroyed', async () => {
        const first = await connect({ host: '127.0.0.1', port, ...options() });
        sockets.push(first);
        const session = first.getSession();
        assert.ok(session !== undefined);
        const base = { session };
        await assert.rejects(connect({ host: '127.0.0.1', port, ...options(), base }), TypeError);
        assert.throws(() => mtlsClientOptions({ ...options(), base }), TypeError);
      });
    });
  }

  it('renegotiation is off', async () => {
    const svid = own.getX509Svid();
    const maxVersion = 'TLSv1.2';
    const plain = createPlain({ cert: svid.certChainPem(), key: svid.privateKeyPem(), maxVersion }, greet);
    const ours = createServer({ ...serverOptions(), base: { maxVersion } }, greet);
    for (const [server, expected] of [
      [plain, 'renegotiated'],
      [ours, 'refused'],
    ] as const) {
      const socket = dial(await started(server), {});
      await answered(socket);
      const outcome = new Promise<string>((resolve) => {
        socket.once('error', () => { resolve('refused'); }); // prettier-ignore
        socket.renegotiate({}, (error) => { resolve(error === null ? 'renegotiated' : 'refused'); }); // prettier-ignore
      });
      assert.equal(await outcome, expected);
    }
  });
});
