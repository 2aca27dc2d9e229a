import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Agent, fetch as undiciFetch } from 'undici';
import { authorizeMemberOf, type JwtSvid, type JwtSvidParams, type JwtSvidSource } from '@credence/sdk';
import { requireJwtSvid, withJwtSvid } from '@credence/sdk/http';
import { createHttpsServer, spiffeConnector } from '@credence/sdk/tls';
import { World } from './world.js';

const params = { audience: 'spiffe://b.test/server' };

/** Gives these in turn, the last for ever, and notes what it was asked. */
class Tokens implements JwtSvidSource {
  readonly asked: {
    readonly params: JwtSvidParams;
    readonly fresh: boolean;
    readonly signal: AbortSignal | undefined;
  }[] = [];
  readonly #svids: readonly JwtSvid[];

  constructor(...svids: readonly JwtSvid[]) {
    this.#svids = svids;
  }

  fetchJwtSvid(
    asked: JwtSvidParams,
    { fresh = false, signal }: { fresh?: boolean; signal?: AbortSignal } = {},
  ): Promise<JwtSvid> {
    const svid = this.#svids[Math.min(this.asked.length, this.#svids.length - 1)]!;
    this.asked.push({ params: asked, fresh, signal });
    return Promise.resolve(svid);
  }
}

interface Seen {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly authorization: readonly string[];
  readonly body: string;
}

describe('withJwtSvid', () => {
  let world: World;
  let dispatcher: Agent;
  let first: JwtSvid;
  let second: JwtSvid;
  let tokens: Tokens;
  /** What the server was sent. */
  let seen: Seen[];

  before(async () => {
    world = await World.create();
    first = await world.a.jwtSvid('/client', params);
    second = await world.a.jwtSvid('/client', { ...params, claims: { jti: 'second' } });
  });
  beforeEach(() => {
    seen = [];
    tokens = new Tokens(first, second);
    dispatcher = new Agent({ connect: spiffeConnector(world.client) });
  });
  afterEach(async () => {
    await dispatcher.destroy();
    await world[Symbol.asyncDispose]();
  });

  type Answering = (request: Seen, response: ServerResponse) => void;
  /** Its origin. */
  const serve = async (answer: Answering): Promise<string> => {
    const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const { method, url: path, headersDistinct } = request;
      const one = { method, path, authorization: headersDistinct['authorization'] ?? [], body: await text(request) };
      seen.push(one);
      answer(one, response);
    };
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        void listener(request, response);
      }),
    );
    return `https://127.0.0.1:${port}`;
  };
  const status = (...statuses: readonly number[]): Answering => {
    let next = 0;
    return (_, response) => {
      response.statusCode = statuses[Math.min(next++, statuses.length - 1)] ?? 500;
      response.end('done');
    };
  };
  const bearers = (): string[] =>
    seen.map(({ authorization }) => {
      assert.ok(authorization.length < 2);
      const [one = 'none'] = authorization;
      return one.replace(`Bearer ${first.token}`, 'first').replace(`Bearer ${second.token}`, 'second');
    });

  const overTls =
    (one: typeof fetch): typeof fetch =>
    (input, init) =>
      one(input, { ...init, ...({ dispatcher } as object) });
  const fetches = [
    { name: "Node's fetch", plain: overTls(fetch) },
    { name: "undici's fetch", plain: overTls(undiciFetch as unknown as typeof fetch) },
  ] as const;

  for (const { name, plain } of fetches) {
    describe(`around ${name}`, () => {
      it('brings a JWT-SVID as a bearer token, beside what the caller sends (JWT-5.2-a)', async () => {
        const origin = await serve(status(200));
        const ours = withJwtSvid(plain, tokens, params);
        const response = await ours(`${origin}/a`, { method: 'POST', body: 'pay', headers: { 'x-trace': '1' } });
        assert.equal(await response.text(), 'done');
        assert.deepEqual(seen, [{ method: 'POST', path: '/a', authorization: [`Bearer ${first.token}`], body: 'pay' }]);
        assert.deepEqual(
          tokens.asked.map(({ params: asked, fresh }) => ({ asked, fresh })),
          [{ asked: params, fresh: false }],
        );
      });

      it('leaves an Authorization header of the caller alone', async () => {
        const origin = await serve(status(401));
        const ours = withJwtSvid(plain, tokens, params);
        await ours(origin, { headers: { AUTHORIZATION: 'Basic YTpi' } });
        assert.deepEqual(bearers(), ['Basic YTpi']);
        assert.deepEqual(tokens.asked, []);
      });

      for (const code of [301, 302, 303, 307, 308]) {
        it(`does not take the token along on a redirect to another origin (${code})`, async () => {
          const other = await serve(status(200));
          const origin = await serve(({ path }, response) => {
            response.writeHead(code, { location: path === '/here' ? '/there' : `${other}/there` }).end();
          });
          const ours = withJwtSvid(plain, tokens, params);
          assert.equal((await ours(`${origin}/here`, { method: 'POST', body: 'pay' })).status, 200);
          assert.deepEqual(bearers(), ['first', 'first', 'none']);
        });
      }

      it('does not try again after another origin answered 401', async () => {
        const other = await serve(status(401));
        const origin = await serve((_, response) => {
          response.writeHead(307, { location: other }).end();
        });
        assert.equal((await withJwtSvid(plain, tokens, params)(origin)).status, 401);
        assert.deepEqual(bearers(), ['first', 'none']);
      });

      it('sends a request once more with a fresh token after a 401, whatever body can be sent again', async () => {
        const bodies = ['pay', new TextEncoder().encode('pay'), new Blob(['pay']), new URLSearchParams({ pay: '' })];
        for (const body of [undefined, ...bodies]) {
          seen = [];
          tokens = new Tokens(first, second);
          const origin = await serve(status(401, 200));
          const init = body === undefined ? {} : { method: 'PUT', body };
          assert.equal((await withJwtSvid(plain, tokens, params)(origin, init)).status, 200);
          assert.deepEqual(bearers(), ['first', 'second']);
          assert.equal(seen[0]?.body, seen[1]?.body);
          assert.deepEqual(
            tokens.asked.map(({ fresh }) => fresh),
            [false, true],
          );
        }
      });

      it('sends a request once more, and not again', async () => {
        const origin = await serve(status(401));
        assert.equal((await withJwtSvid(plain, tokens, params)(origin)).status, 401);
        assert.deepEqual(bearers(), ['first', 'second']);
      });

      it('sends a stream once', async () => {
        const origin = await serve(status(401, 200));
        const body = new Blob(['pay']).stream();
        const init = { method: 'POST', body, duplex: 'half' as const };
        assert.equal((await withJwtSvid(plain, tokens, params)(origin, init)).status, 401);
        assert.deepEqual(bearers(), ['first']);
      });
    });
  }

  const [{ plain }] = fetches;

  it('takes a Request: its headers, its method, and its body once', async () => {
    const origin = await serve(status(401, 200));
    const ours = withJwtSvid(plain, tokens, params);
    const headers = { 'content-type': 'text/x-pay' };
    assert.equal((await ours(new Request(origin, { method: 'POST', body: 'pay', headers }))).status, 401);
    assert.deepEqual(bearers(), ['first']);
    assert.deepEqual([seen[0]?.method, seen[0]?.body], ['POST', 'pay']);
    // Without a body it can be sent again.
    seen = [];
    tokens = new Tokens(first, second);
    const again = await serve(status(401, 200));
    assert.equal((await withJwtSvid(plain, tokens, params)(new Request(again, { method: 'DELETE' }))).status, 200);
    assert.deepEqual(
      seen.map(({ method }) => method),
      ['DELETE', 'DELETE'],
    );
    // Its own header stays.
    seen = [];
    await ours(new Request(again, { headers: { authorization: 'Basic YTpi' } }));
    assert.deepEqual(bearers(), ['Basic YTpi']);
  });

  it('does not try again when the fresh token is the same', async () => {
    const origin = await serve(status(401, 200));
    assert.equal((await withJwtSvid(plain, new Tokens(first), params)(origin)).status, 401);
    assert.deepEqual(bearers(), ['first']);
  });

  it('hands the signal of the call to the source', async () => {
    const origin = await serve(status(200));
    const { signal } = new AbortController();
    await withJwtSvid(plain, tokens, params)(origin, { signal });
    assert.equal(tokens.asked[0]?.signal, signal);
    await assert.rejects(withJwtSvid(plain, tokens, params)(origin, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    });
  });

  it('throws what the source throws, and sends nothing', async () => {
    const origin = await serve(status(200));
    const broken = { fetchJwtSvid: () => Promise.reject(new Error('no identity')) };
    await assert.rejects(withJwtSvid(plain, broken, params)(origin), /^Error: no identity$/);
    assert.deepEqual(seen, []);
  });

  it('does not show a token that a header cannot hold', async () => {
    const origin = await serve(status(200));
    const odd = Object.create(first, { token: { value: 'se.cr.et\r\nX: y' } }) as JwtSvid;
    const broken = { fetchJwtSvid: () => Promise.resolve(odd) };
    await assert.rejects(withJwtSvid(plain, broken, params)(origin), (error: Error) => !error.message.includes('cr.'));
    assert.deepEqual(seen, []);
  });

  it('sends no token over http, except to this machine when told to (JWT-7.3-a)', async () => {
    const sent: unknown[] = [];
    const recording = ((input: string) => {
      sent.push(input);
      return Promise.resolve(new Response());
    }) as typeof fetch;
    const lax = withJwtSvid(recording, tokens, params, { allowLoopbackHttp: true });
    const strict = withJwtSvid(recording, tokens, params);
    await strict('https://b.test/');
    for (const url of ['http://127.0.0.1:1/', 'http://127.8.9.1/', 'http://[::1]:1/', 'http://localhost:1/']) {
      await assert.rejects(strict(url), /TypeError: withJwtSvid: .* expected an https URL/);
      await lax(url);
    }
    assert.equal(sent.length, 5);
    const elsewhere = ['b.test', '128.0.0.1', '127.0.0.1.b.test', 'localhost.b.test', '127.0.0.1@b.test', '[::2]'];
    for (const url of [...elsewhere.map((host) => `http://${host}/`), 'ftp://localhost/', 'data:,x', 'file:///x']) {
      await assert.rejects(lax(url), TypeError, url);
      await assert.rejects(lax(new URL(url)), TypeError, url);
    }
    assert.equal(sent.length, 5);
  });

  it('sends over http to a server of this machine when told to', async () => {
    const server = createServer((request, response) => response.end(request.headers.authorization)).listen(
      0,
      '127.0.0.1',
    );
    try {
      await once(server, 'listening');
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const response = await withJwtSvid(fetch, tokens, params, { allowLoopbackHttp: true })(url);
      assert.equal(await response.text(), `Bearer ${first.token}`);
    } finally {
      server.close();
    }
  });

  it('replaces a token that its receiver finds expired', async () => {
    const expired = await world.a.jwtSvid('/client', { ...params, issuedAt: new Date('2020-01-01T00:00:00Z') });
    const gate = requireJwtSvid({ ...params, bundles: world.jwtBundles, authorize: authorizeMemberOf('a.test') });
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        gate(request, response, () => response.end(String(request.spiffe?.id)));
      }),
    );
    const response = await withJwtSvid(plain, new Tokens(expired, first), params)(`https://127.0.0.1:${port}/`);
    assert.equal(await response.text(), 'spiffe://a.test/client');
  });

  it('has the type of the fetch that it wraps', async () => {
    const origin = await serve(status(200));
    const response = await withJwtSvid(undiciFetch, tokens, params)(new URL(origin), { dispatcher });
    assert.equal(response.status, 200);
    assert.deepEqual(bearers(), ['first']);
  });

  it('is not made without an audience', () => {
    assert.throws(() => withJwtSvid(plain, tokens, { audience: [] }), TypeError);
  });
});
