import assert from 'node:assert/strict';
import type { Server, TLSSocket } from 'node:tls';
import { authorizeAny, authorizeId, authorizeIf, authorizeMemberOf, type Logger } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { createServer, observe, observedRefusal, peerOf, type Authorizer, type ServerOptions } from '@credence/sdk/tls';
import { answered, close, greet, greeted, listening } from './loopback.js';

describe('observe mode', () => {
  let a: TestCa;
  let b: TestCa;
  let own: StaticX509Source;
  let client: StaticX509Source;
  let foreign: StaticX509Source;
  const servers: Server[] = [];
  const sockets: TLSSocket[] = [];

  before(async () => {
    [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
  });
  beforeEach(async () => {
    const bundles = [a.bundle(), b.bundle()];
    own = new StaticX509Source(await a.x509Svid('/server'), bundles);
    client = new StaticX509Source(await a.x509Svid('/client'), bundles);
    foreign = new StaticX509Source(await b.x509Svid('/client'), bundles);
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => close(server, ...sockets.splice(0))));
  });

  const start = async (authorize: Authorizer, more: Partial<ServerOptions> = {}) => {
    const seen: [id: string | undefined, wouldBe: string | undefined][] = [];
    const options = { svid: own, bundles: own, authorize, ...more } as ServerOptions;
    const { server, port } = await listening(
      createServer(options, (socket) => {
        const peer = peerOf(socket)!;
        seen.push([peer.id.toString(), observedRefusal(peer)?.code]);
        greet(socket);
      }),
    );
    servers.push(server);
    return { port, seen };
  };
  const dial = async (port: number, source = client): Promise<TLSSocket> => {
    const socket = await greeted(port, { svid: source, bundles: source, authorize: authorizeAny() });
    sockets.push(socket.on('error', () => undefined));
    return socket;
  };

  it('lets pass whom the authorizer refuses, counted and reported; the peer says so', async () => {
    const reports: string[] = [];
    const warned: object[] = [];
    const nothing = (): void => undefined;
    const logger: Logger = {
      debug: nothing,
      info: nothing,
      error: nothing,
      warn: (fields) => void warned.push(fields),
    };
    const authorize = observe(authorizeId('spiffe://a.test/other'), {
      onRefusal: ({ id, error }) => void reports.push(`${error.code} ${String(id)}`),
      logger,
    });
    const { port, seen } = await start(authorize);
    await dial(port);
    assert.deepEqual(seen, [['spiffe://a.test/client', 'ERR_SPIFFE_UNAUTHORIZED']]);
    assert.deepEqual(reports, ['ERR_SPIFFE_UNAUTHORIZED spiffe://a.test/client']);
    assert.equal(authorize.refusals, 1);
    assert.equal(warned.length, 1);
  });

  it('reports nobody whom the authorizer allows', async () => {
    const authorize = observe(authorizeId('spiffe://a.test/client'), { onRefusal: () => assert.fail('reported') });
    const { port, seen } = await start(authorize);
    await dial(port);
    assert.deepEqual(seen, [['spiffe://a.test/client', undefined]]);
    assert.equal(authorize.refusals, 0);
  });

  it('lets members of other trust domains through the handshake, whom the authorizer would keep out of it', async () => {
    const { port: enforcing } = await start(authorizeMemberOf('a.test'));
    await assert.rejects(dial(enforcing, foreign));
    const { port, seen } = await start(observe(authorizeMemberOf('a.test')));
    await dial(port, foreign);
    assert.deepEqual(seen, [['spiffe://b.test/client', 'ERR_SPIFFE_UNAUTHORIZED']]);
  });

  it('observes authorization only: who proves no identity is refused', async () => {
    const { port, seen } = await start(observe(authorizeIf(() => false)));
    await dial(port);
    const forged = new StaticX509Source(await b.forgedSvid('spiffe://a.test/client'), [a.bundle()]);
    await assert.rejects(dial(port, forged));
    assert.equal(seen.length, 1);
  });

  it('reports an open connection once, however often the sources change, and still closes it with its bundle', async () => {
    const authorize = observe(authorizeMemberOf('a.test'));
    const { port } = await start(authorize);
    const socket = await dial(port, foreign);
    own.update({ svid: await a.x509Svid('/server') });
    own.update({ svid: await a.x509Svid('/server') });
    socket.write('still here');
    assert.equal(await answered(socket), 'still here');
    assert.equal(authorize.refusals, 1);
    own.update({ bundles: [a.bundle()] });
    await assert.rejects(answered(socket));
  });

  it('goes on when the report fails', async () => {
    const authorize = observe(authorizeIf(() => { throw new Error('broken'); }), { onRefusal: () => { throw new Error('no'); } }); // prettier-ignore
    const { port, seen } = await start(authorize);
    await dial(port);
    assert.equal(seen.length, 1);
    assert.equal(authorize.refusals, 1);
  });

  it('is not made of nothing, which would let everybody pass', () => {
    assert.ok(observe(authorizeAny()));
    assert.throws(() => observe(undefined as never), TypeError);
  });

  it('works for a client too', async () => {
    const { port } = await start(authorizeAny());
    const authorize = observe(authorizeId('spiffe://a.test/other'));
    const socket = await greeted(port, { svid: client, bundles: client, authorize });
    sockets.push(socket);
    assert.equal(observedRefusal(peerOf(socket)!)?.code, 'ERR_SPIFFE_UNAUTHORIZED');
    assert.equal(authorize.refusals, 1);
  });
});
