import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders } from 'node:http2';
import {
  createServer,
  connect as connectSocket,
  type AddressInfo,
  type Server as Listener,
  type Socket,
} from 'node:net';
import { Server } from '@grpc/grpc-js';
import { ConnectionInjector } from '../../dist/daemon/connection-injector.js';
import { Turns, workOfCall, type Party } from '../../dist/daemon/turns.js';
import { systemClock } from '../../dist/runtime/index.js';
import { healthApi } from '../../dist/wire/index.js';
import { until } from '../support/until.js';

/** Counts, and lets everybody go on. */
class WorkCounter extends Turns {
  readonly #work = new Map<string, number>();

  override join(_socket: Socket, { name }: Party): (work: number) => void {
    return (work) => this.#work.set(name, this.of(name) + work);
  }

  of(user: string): number {
    return this.#work.get(user) ?? 0;
  }
}

describe('the work of a connection', () => {
  const greeting = workOfCall + 1;
  let grpc: Server;
  let listener: Listener;
  let work: WorkCounter;
  let users: string[];
  let sessions: ClientHttp2Session[];

  beforeEach(async () => {
    [users, sessions] = [[], []];
    grpc = new Server({ 'grpc.enable_channelz': 0 });
    grpc.addService(healthApi.definition, {
      Check: (_call: unknown, answer: (error: null, value: object) => void) => {
        answer(null, {});
      },
    });
    work = new WorkCounter(systemClock);
    const injector = new ConnectionInjector(grpc, work);
    listener = createServer((socket) => {
      injector.inject(socket, { name: users.shift() ?? 'alice' });
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
  });

  afterEach(() => {
    for (const session of sessions) session.destroy();
    grpc.forceShutdown();
    listener.close();
  });

  const port = (): number => (listener.address() as AddressInfo).port;

  /** A connection whose SETTINGS have been counted. */
  async function open(user = 'alice'): Promise<ClientHttp2Session> {
    const before = work.of(user);
    users.push(user);
    const session = connect(`http://127.0.0.1:${port()}`).on('error', () => undefined);
    sessions.push(session);
    await until('the connection', () => work.of(user) === before + greeting);
    return session;
  }

  function begin(session: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
    const names = { ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc' };
    return session.request({ ...names, te: 'trailers', ...headers }).resume();
  }

  async function call(session: ClientHttp2Session, headers?: OutgoingHttpHeaders): Promise<void> {
    await once(begin(session, headers).end(Buffer.alloc(5)), 'close');
  }

  const ping = (session: ClientHttp2Session): Promise<unknown> =>
    new Promise((resolve) => {
      session.ping(resolve);
    });

  it('is that of its beginning, before it has said anything', async () => {
    const client = connectSocket(port(), '127.0.0.1');
    await until('the connection', () => work.of('alice') === workOfCall);
    client.destroy();
  });

  it('is that of its calls', async () => {
    await call(await open());
    assert.equal(work.of('alice'), greeting + workOfCall + 1);
  });

  it('is that of each piece in which a request comes', async () => {
    const session = await open();
    const stream = begin(session);
    for (let i = 0; i < 4; i++) {
      stream.write(Buffer.alloc(1));
      // What was written before has come by then.
      await ping(session);
    }
    await once(stream.end(Buffer.alloc(1)), 'close');
    const [pieces, pings] = [5, 4];
    assert.equal(work.of('alice'), greeting + workOfCall + pieces + pings);
  });

  it('is that of calls which gRPC refuses itself, too', async () => {
    await call(await open(), { 'content-type': 'text/plain' });
    assert.equal(work.of('alice'), greeting + workOfCall);
  });

  it('is that of frames without a call, too', async () => {
    const session = await open();
    await ping(session);
    session.settings({ initialWindowSize: 70_000 });
    await once(session, 'localSettings');
    assert.equal(work.of('alice'), greeting + 2);
  });

  it('is that of its own user', async () => {
    const [, bob] = [await open('alice'), await open('bob')];
    await call(bob);
    assert.equal(work.of('alice'), greeting);
    assert.equal(work.of('bob'), greeting + workOfCall + 1);
  });
});
