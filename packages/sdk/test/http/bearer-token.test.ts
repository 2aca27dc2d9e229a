// The credentials of a request, byte by byte: what no client of Node's would send.
import assert from 'node:assert/strict';
import { authorizeMemberOf } from '@credence/sdk';
import { requireJwtSvid, type RequireJwtSvidOptions } from '@credence/sdk/http';
import { createHttp2Server, createHttpsServer } from '@credence/sdk/tls';
import { statusOf, write } from './calls.js';
import { statusOverHttp2 } from './raw-http2.js';
import { World } from './world.js';

const audience = 'spiffe://b.test/server';

describe('the bearer token of a request', () => {
  let world: World;
  let options: RequireJwtSvidOptions;
  /** Of spiffe://a.test/client, for us. */
  let token: string;

  before(async () => {
    world = await World.create();
    options = { bundles: world.jwtBundles, audience, authorize: authorizeMemberOf('a.test') };
  });
  beforeEach(async () => {
    token = await world.a.jwtToken('/client', { audience });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const start = (): Promise<number> => {
    const gate = requireJwtSvid(options);
    return world.start(
      createHttpsServer(world.tls, (request, response) => {
        gate(request, response, () => response.end('passed'));
      }),
    );
  };
  const send = async (port: number, ...headers: readonly string[]): Promise<string | undefined> => {
    const [answer] = await write(port, ['GET / HTTP/1.1', 'Host: b', ...headers, '', ''].join('\r\n'), world.client);
    return answer;
  };

  it('refuses two Authorization headers, whichever is valid (JV-66)', async () => {
    const port = await start();
    const good = `Authorization: Bearer ${token}`;
    assert.equal(statusOf(await send(port, good)), 200);
    for (const other of [good, 'authorization: Bearer x', 'AUTHORIZATION: Basic YTpi', 'Authorization:']) {
      for (const headers of [
        [good, other],
        [other, good],
      ]) {
        const answer = await send(port, ...headers);
        assert.equal(statusOf(answer), 400);
        assert.ok(answer?.includes('WWW-Authenticate: Bearer realm="JWT-SVID", error="invalid_request"'));
      }
    }
  });

  it('refuses credentials that are not one token after one space (JV-66)', async () => {
    const port = await start();
    const wrong = [
      'Bearer',
      `Bearer  ${token}`,
      `Bearer\t${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, x=y`,
    ];
    for (const credentials of [...wrong, `Bearer "${token}"`, `Bearer ${token}\u00e9`]) {
      assert.equal(statusOf(await send(port, `Authorization: ${credentials}`)), 401, credentials);
    }
  });

  it('does not let a token bring another header along, or fold over lines', async () => {
    const port = await start();
    const [head, tail] = [token.slice(0, 40), token.slice(40)];
    for (const credentials of [`Bearer ${head}\r\n ${tail}`, `Bearer ${head}\n${tail}`, `Bearer ${token}\0`]) {
      assert.notEqual(statusOf(await send(port, `Authorization: ${credentials}`)), 200);
    }
  });

  it('refuses a header that is larger than the server takes, and serves the next connection', async () => {
    const port = await start();
    assert.equal(statusOf(await send(port, `Authorization: Bearer ${'a'.repeat(100_000)}`)), 431);
    assert.equal(statusOf(await send(port, `Authorization: Bearer ${token}`)), 200);
  });

  it('answers pipelined requests in order, each by its own token', async () => {
    const port = await start();
    const tokens = [token, 'x', token, await world.a.jwtToken('/client', { audience: 'other' }), token];
    const bytes = tokens.map((one) => `GET / HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer ${one}\r\n\r\n`).join('');
    const answers = await write(port, bytes, world.client, tokens.length);
    assert.deepEqual(answers.map(statusOf), [200, 401, 200, 401, 200]);
  });

  it('leaves the body of a request for the application, however long the check takes', async () => {
    const gate = requireJwtSvid(options);
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        gate(request, response, () => request.pipe(response));
      }),
    );
    const [answer] = await write(
      port,
      `POST / HTTP/1.1\r\nHost: b\r\nAuthorization: Bearer ${token}\r\nContent-Length: 5\r\n\r\nhello`,
      world.client,
    );
    assert.match(answer ?? '', /hello/);
  });

  it('refuses two authorization headers over HTTP/2 (JV-66)', async () => {
    const gate = requireJwtSvid(options);
    const port = await world.start(
      createHttp2Server(world.tls, (request, response) => {
        gate(request, response, () => response.end('passed'));
      }),
    );
    const good = ['authorization', `bearer ${token}`] as const;
    assert.equal(await statusOverHttp2(port, [good], world.client), 200);
    assert.equal(await statusOverHttp2(port, [good, good], world.client), 400);
    assert.equal(await statusOverHttp2(port, [good, ['authorization', 'x']], world.client), 400);
  });
});
