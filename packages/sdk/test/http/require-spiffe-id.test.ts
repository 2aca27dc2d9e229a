import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authorizeId, authorizeIf, authorizeMemberOf, type Authorizer } from '@credence/sdk';
import { requireSpiffeId, type Refusal } from '@credence/sdk/http';
import { ManualClock } from '@credence/sdk/testing';
import { connect, createHttpsServer, observe, type MtlsServerOptions } from '@credence/sdk/tls';
import { answersOn, ask, statusOf, write } from './calls.js';
import { gateOf, shapes } from './shapes.js';
import { World } from './world.js';

const hourMs = 3_600_000;

describe('requireSpiffeId', () => {
  let world: World;
  let refusals: Refusal[];
  const onRefusal = (refusal: Refusal): void => void refusals.push(refusal);

  before(async () => {
    world = await World.create();
  });
  beforeEach(() => {
    refusals = [];
  });
  afterEach(() => world[Symbol.asyncDispose]());

  for (const { name, protocol, serve } of shapes) {
    describe(`in ${name}`, () => {
      const start = (authorize: Authorizer, more: Partial<MtlsServerOptions> = {}): Promise<number> =>
        world.start(serve(gateOf(requireSpiffeId, authorize, { onRefusal }), { ...world.tls, ...more }));

      it('lets an allowed peer pass and says who it is', async () => {
        const port = await start(authorizeId('spiffe://a.test/client'));
        const { status, body } = await ask({ protocol, port, path: '/some/where' }, world.client);
        assert.deepEqual({ status, body }, { status: 200, body: 'x509 spiffe://a.test/client' });
        assert.deepEqual(refusals, []);
      });

      it('answers 403 to a peer that is not allowed, and tells the reason to the service alone', async () => {
        const port = await start(authorizeMemberOf('b.test'));
        const { status, body, headers } = await ask({ protocol, port }, world.client);
        assert.deepEqual({ status, body }, { status: 403, body: 'Forbidden\n' });
        assert.doesNotMatch(JSON.stringify(headers), /[ab]\.test/);
        const [{ error } = {}] = refusals;
        assert.equal(
          error?.message,
          'peer spiffe://a.test/client is not authorized: expected a member of trust domain b.test',
        );
        assert.equal((error as { code?: string }).code, 'ERR_SPIFFE_UNAUTHORIZED');
      });

      it('answers 401 with a challenge to a client without a certificate (RFC 9110 §15.5.2)', async () => {
        const port = await start(authorizeMemberOf('a.test'), { clientAuthentication: 'optional' });
        assert.equal((await ask({ protocol, port }, world.client)).status, 200);
        const { status, body, headers } = await ask({ protocol, port });
        assert.deepEqual({ status, body }, { status: 401, body: 'Unauthorized\n' });
        assert.equal(headers['www-authenticate'], 'X509-SVID');
        assert.equal((refusals[0]?.error as { code?: string }).code, 'ERR_SPIFFE_UNAUTHENTICATED');
      });

      it('answers 403 when the authorizer throws or returns a promise', async () => {
        const broken = [
          authorizeIf(() => {
            throw new Error('broken');
          }),
          (() => Promise.resolve(undefined)) as unknown as Authorizer,
        ];
        for (const authorize of broken) {
          assert.equal((await ask({ protocol, port: await start(authorize) }, world.client)).status, 403);
        }
      });

      it('lets a peer that would be refused pass in observe mode, and reports it', async () => {
        const observed: string[] = [];
        const authorize = observe(authorizeMemberOf('b.test'), { onRefusal: ({ id }) => observed.push(String(id)) });
        const port = await start(authorize, { clientAuthentication: 'optional' });
        const { status, body } = await ask({ protocol, port }, world.client);
        assert.deepEqual({ status, body }, { status: 200, body: 'x509 spiffe://a.test/client' });
        assert.deepEqual(observed, ['spiffe://a.test/client']);
        // Authentication is never observed.
        assert.equal((await ask({ protocol, port })).status, 401);
      });
    });
  }

  it('refuses a peer on a connection that outlived its SVID', async () => {
    const clock = new ManualClock(new Date());
    const gate = requireSpiffeId(authorizeMemberOf('a.test'), { clock, onRefusal });
    const port = await world.start(
      createHttpsServer({ ...world.tls, closeOnPeerExpiry: false }, (request, response) => {
        gate(request, response, () => response.end('passed'));
      }),
    );
    const socket = await connect({ ...world.client, host: '127.0.0.1', port });
    try {
      socket.write('GET / HTTP/1.1\r\nHost: b\r\n\r\n');
      assert.equal(statusOf((await answersOn(socket, 1))[0]), 200);
      await clock.advance(2 * hourMs);
      socket.write('GET / HTTP/1.1\r\nHost: b\r\n\r\n');
      assert.equal(statusOf((await answersOn(socket, 1))[0]), 401);
    } finally {
      socket.destroy();
    }
    assert.match(refusals[0]?.error.message ?? '', /^the X\.509-SVID of spiffe:\/\/a\.test\/client has expired$/);
  });

  it('judges each of several pipelined requests', async () => {
    const gate = requireSpiffeId(authorizeMemberOf('a.test'));
    const closed = requireSpiffeId(authorizeMemberOf('b.test'));
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        (request.url === '/open' ? gate : closed)(request, response, () => response.end('passed'));
      }),
    );
    const one = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: b\r\n\r\n`;
    const answers = await write(port, ['/open', '/', '/open', '/'].map(one).join(''), world.client, 4);
    assert.deepEqual(answers.map(statusOf), [200, 403, 200, 403]);
  });

  it('does not believe what a proxy says about its peer', async () => {
    const server = createServer((request, response) => {
      requireSpiffeId(authorizeMemberOf('a.test'), { onRefusal })(request, response, () => response.end('passed'));
    }).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        headers: { 'x-forwarded-client-cert': 'By=spiffe://b.test/server;URI=spiffe://a.test/client' },
      });
      assert.equal(response.status, 401);
    } finally {
      server.close();
    }
  });

  it('keeps refusing, and goes on, when a report of a refusal fails', async () => {
    const errors: string[] = [];
    const ignore = (): void => undefined;
    const logger = { debug: ignore, info: ignore, warn: ignore, error: (_: object, text: string) => errors.push(text) };
    const gate = requireSpiffeId(authorizeMemberOf('b.test'), {
      logger,
      onRefusal: () => {
        throw new Error('broken');
      },
    });
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        gate(request, response, () => response.end('passed'));
      }),
    );
    assert.equal((await ask({ protocol: 'http/1.1', port }, world.client)).status, 403);
    assert.deepEqual(errors, ['onRefusal failed']);
  });

  it('answers a refused client, and goes on, when the logger fails', async () => {
    const fail = (): never => {
      throw new Error('broken');
    };
    const logger = { debug: fail, info: fail, warn: fail, error: fail };
    const gate = requireSpiffeId(authorizeMemberOf('b.test'), { logger });
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        gate(request, response, () => response.end('passed'));
      }),
    );
    assert.equal((await ask({ protocol: 'http/1.1', port }, world.client)).status, 403);
  });

  it('logs method and path, but not the query', async () => {
    const records: object[] = [];
    const ignore = (): void => undefined;
    const logger = { debug: ignore, info: ignore, error: ignore, warn: (fields: object) => records.push(fields) };
    const gate = requireSpiffeId(authorizeMemberOf('b.test'), { logger });
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        gate(request, response, () => response.end('passed'));
      }),
    );
    await ask({ protocol: 'http/1.1', port, method: 'POST', path: '/pay?secret=1' }, world.client);
    assert.deepEqual(records, [
      {
        code: 'ERR_SPIFFE_UNAUTHORIZED',
        error: 'peer spiffe://a.test/client is not authorized: expected a member of trust domain b.test',
        id: 'spiffe://a.test/client',
        method: 'POST',
        path: '/pay',
        remoteAddress: '127.0.0.1',
        status: 403,
      },
    ]);
  });

  it('is not made without an authorizer', () => {
    assert.throws(() => requireSpiffeId(undefined as unknown as Authorizer), TypeError);
    assert.throws(() => requireSpiffeId.koa(undefined as unknown as Authorizer), TypeError);
    assert.throws(() => requireSpiffeId.fastify(undefined as unknown as Authorizer), TypeError);
  });
});
