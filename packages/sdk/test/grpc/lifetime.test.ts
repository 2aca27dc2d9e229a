import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { connectivityState, status } from '@grpc/grpc-js';
import { authorizeAny } from '@credence/sdk';
import { serveGrpc } from '@credence/sdk/grpc';
import { mtlsClientOptions, peerOf } from '@credence/sdk/tls';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';
import { EchoClient, EchoServer, nextOf } from './echo.js';
import { Harness, type Served } from './harness.js';

describe('gRPC connections', () => {
  let given: Harness;

  beforeEach(async () => {
    given = await Harness.create();
  });
  afterEach(() => given[Symbol.asyncDispose]());

  /** Serial numbers of the clients' certificates, in the order in which connections were made. */
  const accepted = ({ listener }: Served): bigint[] => {
    const serials: bigint[] = [];
    listener.on('secureConnection', (socket: TLSSocket) => {
      const serial = peerOf(socket)?.leaf.serialNumber;
      if (serial !== undefined) serials.push(serial);
    });
    return serials;
  };
  const hold = async ({ echo, port }: Served, client = given.dial(port)) => {
    const answer = client.say('hold');
    answer.catch(() => undefined);
    await until('the call to arrive', () => echo.heldCalls > 0);
    return { answer, client };
  };
  const inSeconds = (seconds: number): Date => new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000);

  it('fail no call while both sides rotate, and new ones are made with the new SVIDs', async () => {
    const served = await given.serve();
    const serials = accepted(served);
    const client = given.dial(served.port);
    const chat = client.chat();
    chat.write('0');
    assert.equal(await nextOf(chat), '0!');
    for (let i = 1; i <= 20; i++) {
      const calls = Array.from({ length: 5 }, () => client.say('hello'));
      given.server.update({ svid: await given.a.x509Svid('/server') });
      given.client.update({ svid: await given.b.x509Svid('/client') });
      chat.write(String(i));
      assert.equal(await nextOf(chat), `${i}!`);
      assert.equal(await given.dial(served.port).say('fresh'), 'spiffe://b.test/client says fresh');
      assert.equal(serials.at(-1), given.client.getX509Svid().leaf.serialNumber);
      await Promise.all(calls);
    }
    assert.equal(new Set(serials).size, 21);
    chat.end();
    await once(chat, 'end');
  });

  it('are made anew before the SVID of the server expires, without a failed call', async () => {
    given.server.update({ svid: await given.a.x509Svid('/server', { notAfter: inSeconds(2) }) });
    const served = await given.serve();
    const serials = accepted(served);
    const { answer, client } = await hold(served);
    given.server.update({ svid: await given.a.x509Svid('/server') });
    await until('a second connection', async () => {
      await client.say('hello');
      return serials.length > 1;
    });
    served.echo.release();
    assert.equal(await answer, 'spiffe://b.test/client says hold');
  });

  it('lose no call under load when SVIDs of two seconds rotate on both sides', async () => {
    const rotate = async (): Promise<void> => {
      given.server.update({ svid: await given.a.x509Svid('/server', { notAfter: inSeconds(2) }) });
      given.client.update({ svid: await given.b.x509Svid('/client', { notAfter: inSeconds(2) }) });
    };
    await rotate();
    const served = await given.serve();
    const serials = accepted(served);
    const clients = [given.dial(served.port), given.dial(served.port), given.dial(served.port)];
    const callUntilMadeAnew = async (client: (typeof clients)[number]): Promise<void> => {
      while (serials.length < 3 * clients.length) await client.say('hello');
    };
    const calls = clients.flatMap((client) => Array.from({ length: 5 }, () => callUntilMadeAnew(client)));
    const done = Promise.all(calls).then(() => true);
    const rotating = { done: false };
    const rotation = (async () => {
      while (!rotating.done) {
        await rotate();
        await setTimeout(200);
      }
    })();
    assert.equal(await done, true);
    rotating.done = true;
    await rotation;
  });

  it('end with the calls on them when the SVID of the client expires', async () => {
    given.client.update({ svid: await given.b.x509Svid('/client', { notAfter: inSeconds(1) }) });
    const served = await given.serve({ graceMs: 0 });
    const { answer } = await hold(served);
    await assert.rejects(answer, { code: status.UNAVAILABLE });
    assert.ok(Date.now() >= given.client.getX509Svid().expiresAt.getTime());
  });

  it('leave calls a grace when the SVID of the client expires, and take no other', async () => {
    const notAfter = inSeconds(1);
    given.client.update({ svid: await given.b.x509Svid('/client', { notAfter }) });
    const served = await given.serve();
    const { answer, client } = await hold(served);
    await until('the expiry', () => Date.now() > notAfter.getTime() + 50);
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE });
    served.echo.release();
    assert.equal(await answer, 'spiffe://b.test/client says hold');
  });

  it('end when the SVID of the server expires, and the client makes no other to it', async () => {
    given.server.update({ svid: await given.a.x509Svid('/server', { notAfter: inSeconds(1) }) });
    const { answer, client } = await hold(await given.serve());
    await assert.rejects(answer, { code: status.UNAVAILABLE });
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE, details: /expired/ });
  });

  it('end at once when the server no longer trusts the domain of the client', async () => {
    const { answer, client } = await hold(await given.serve());
    given.server.update({ bundles: [given.a.bundle()] });
    await assert.rejects(answer, { code: status.UNAVAILABLE });
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE });
  });

  it('end at once when the client no longer trusts the domain of the server', async () => {
    const { answer, client } = await hold(await given.serve());
    given.client.update({ bundles: [given.b.bundle()] });
    await assert.rejects(answer, { code: status.UNAVAILABLE });
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE });
  });

  it('end when the client loses its identity, and are made again when it has one', async () => {
    const { answer, client } = await hold(await given.serve());
    const svid = given.client.getX509Svid();
    given.client.getX509Svid = () => {
      throw new Error('revoked');
    };
    given.client.emit('update');
    await assert.rejects(answer, { code: status.UNAVAILABLE });
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE, details: /revoked/ });
    given.client.getX509Svid = () => svid;
    given.client.emit('update');
    await until('a call to succeed', async () => (await client.say('hello')) !== '');
  });

  it('are made again after the server was away', async () => {
    const first = await given.serve();
    const client = given.dial(first.port);
    await client.say('hello');
    await first.listener[Symbol.asyncDispose]();
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE });
    const again = serveGrpc(new EchoServer().server, {
      svid: given.server,
      bundles: given.server,
      authorize: authorizeAny(),
      shutdownGraceMs: 0,
    });
    await using _ = again;
    again.listen(first.port, '127.0.0.1');
    await until('a call to succeed', async () => (await client.say('hello')) !== '');
  });

  it('let calls finish when the listener is disposed of, and take no other', async () => {
    const served = await given.serve({ shutdownGraceMs: 10_000 });
    const { answer, client } = await hold(served);
    const disposed = served.listener[Symbol.asyncDispose]();
    await until(
      'the client to know',
      () => client.getChannel().getConnectivityState(false) !== connectivityState.READY,
    );
    await assert.rejects(client.say('hello'), { code: status.UNAVAILABLE });
    served.echo.release();
    assert.equal(await answer, 'spiffe://b.test/client says hold');
    await disposed;
  });

  it('are cut when calls outlast the grace of the shutdown', async () => {
    const served = await given.serve({ shutdownGraceMs: 50 });
    const { answer } = await hold(served);
    await served.listener[Symbol.asyncDispose]();
    await assert.rejects(answer, { code: status.UNAVAILABLE });
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`are never resumed over ${version}`, async () => {
      const { port } = await given.serve();
      const dial = async (session?: Buffer): Promise<TLSSocket> => {
        const options = mtlsClientOptions({
          svid: given.client,
          bundles: given.client,
          authorize: authorizeAny(),
          base: { ALPNProtocols: ['h2'], minVersion: version, maxVersion: version },
        });
        const socket = connectTls({ port, host: '127.0.0.1', ...options, ...(session && { session }) });
        socket.on('session', (made: Buffer) => sessions.push(made));
        await once(socket, 'secureConnect');
        await once(socket, 'data'); // The settings of HTTP/2 come after whatever ticket there is.
        return socket;
      };
      const sessions: (Buffer | undefined)[] = [];
      const sockets = [await dial()];
      sessions.push(sockets[0]!.getSession());
      for (const session of [...sessions]) sockets.push(await dial(session));
      assert.ok(sockets.length > 1);
      for (const socket of sockets) {
        assert.equal(socket.isSessionReused(), false);
        socket.destroy();
      }
    });
  }

  it('speak gRPC with nobody who has not asked for HTTP/2', async () => {
    const { port } = await given.serve();
    const options = mtlsClientOptions({ svid: given.client, bundles: given.client, authorize: authorizeAny() });
    const socket = connectTls({ port, host: '127.0.0.1', ...options });
    socket.on('data', () => assert.fail('the server spoke'));
    await once(socket, 'close');
  });

  it('are made over a Unix socket too', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'grpc.sock');
    const options = { svid: given.server, bundles: given.server, authorize: authorizeAny(), shutdownGraceMs: 0 };
    await using listener = serveGrpc(new EchoServer().server, options);
    listener.listen({ path });
    await once(listener, 'listening');
    const client = new EchoClient(`unix:${path}`, given.mtls());
    assert.equal(await client.say('hello'), 'spiffe://b.test/client says hello');
    client.close();
  });

  it('survive a client that speaks no TLS', async () => {
    const { port } = await given.serve();
    const stranger = connectTcp(port, '127.0.0.1', () => stranger.write('GET / HTTP/1.1\r\n\r\n'));
    stranger.on('error', () => undefined).resume();
    await once(stranger, 'close');
    assert.equal(await given.dial(port).say('hello'), 'spiffe://b.test/client says hello');
  });

  it('watch the sources of a channel while it is open, and no longer', async () => {
    const { port } = await given.serve();
    const credentials = given.mtls();
    const clients = Array.from({ length: 12 }, () => given.dial(port, credentials));
    await Promise.all(clients.map((client) => client.say('hello')));
    assert.equal(given.client.listenerCount('update'), 1);
    for (const client of clients) client.close();
    await until('the listener to go', () => given.client.listenerCount('update') === 0);
  });

  it('are no more in grpc-js once they have closed', async () => {
    const served = await given.serve();
    for (let i = 0; i < 5; i++) {
      const client = given.dial(served.port);
      await client.say('hello');
      client.close();
    }
    const connections = promisify(served.listener.getConnections.bind(served.listener));
    await until('no connection', async () => (await connections()) === 0);
    // It waits for what it knows.
    await new Promise((resolve) => {
      served.echo.server.tryShutdown(resolve);
    });
  });
});
