import assert from 'node:assert/strict';
import { authorizeId, authorizeMemberOf, JwtBundleSet, SpiffeError, type JwtBundleSource } from '@credence/sdk';
import {
  requireJwtSvid,
  type ConnectResponse,
  type IncomingRequest,
  type Refusal,
  type RequireJwtSvidOptions,
} from '@credence/sdk/http';
import { createHttp2Server, createHttpsServer, observe } from '@credence/sdk/tls';
import { until } from '../support/until.js';
import { ask, type Answer } from './calls.js';
import { gateOf, shapes } from './shapes.js';
import { World } from './world.js';

const audience = 'spiffe://b.test/server';
const challenge = (error?: string): string =>
  error === undefined ? 'Bearer realm="JWT-SVID"' : `Bearer realm="JWT-SVID", error="${error}"`;

describe('requireJwtSvid', () => {
  let world: World;
  let refusals: Refusal[];
  let options: RequireJwtSvidOptions;
  /** Of spiffe://a.test/client, for us. */
  let token: string;

  before(async () => {
    world = await World.create();
  });
  beforeEach(async () => {
    refusals = [];
    options = {
      bundles: world.jwtBundles,
      audience,
      authorize: authorizeMemberOf('a.test'),
      onRefusal: (refusal) => refusals.push(refusal),
    };
    token = await world.a.jwtToken('/client', { audience });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const reasonOf = (): unknown => (refusals[0]?.error as SpiffeError | undefined)?.details['reason'];

  for (const { name, protocol, serve } of shapes) {
    describe(`in ${name}`, () => {
      const start = (more: Partial<RequireJwtSvidOptions> = {}): Promise<number> =>
        world.start(
          serve(gateOf(requireJwtSvid, { ...options, ...more }), { ...world.tls, clientAuthentication: 'optional' }),
        );
      const present = (port: number, authorization?: string, path = '/'): Promise<Answer> =>
        ask({ protocol, port, path, headers: authorization === undefined ? {} : { authorization } });

      it('lets a request with a valid token pass and says who it is (JWT-5.2-a)', async () => {
        const { status, body } = await present(await start(), `Bearer ${token}`);
        assert.deepEqual({ status, body }, { status: 200, body: 'jwt spiffe://a.test/client' });
        assert.deepEqual(refusals, []);
      });

      it('accepts the scheme in any case (RFC 9110 §11.1, JV-66)', async () => {
        const port = await start();
        for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
          assert.equal((await present(port, `${scheme} ${token}`)).status, 200);
        }
      });

      it('answers 401 with a challenge, and no error code, to a request without a token (RFC 6750 §3.1)', async () => {
        const port = await start();
        for (const authorization of [undefined, 'Basic YTpi', `DPoP ${token}`, `Bearerx ${token}`]) {
          const { status, headers, body } = await present(port, authorization);
          assert.deepEqual({ status, body }, { status: 401, body: 'Unauthorized\n' });
          assert.equal(headers['www-authenticate'], challenge());
        }
      });

      it('answers 401 to a token that does not verify, and tells the reason to the service alone', async () => {
        const forged = await world.b.jwtToken('spiffe://a.test/client', { audience });
        const { status, headers, body } = await present(await start(), `Bearer ${forged}`);
        assert.deepEqual({ status, body }, { status: 401, body: 'Unauthorized\n' });
        assert.equal(headers['www-authenticate'], challenge('invalid_token'));
        assert.equal(reasonOf(), 'unknown-authority');
      });

      it('answers 403 to a subject that is not allowed', async () => {
        const port = await start({ authorize: authorizeId('spiffe://a.test/other') });
        const { status, headers, body } = await present(port, `Bearer ${token}`);
        assert.deepEqual({ status, body }, { status: 403, body: 'Forbidden\n' });
        assert.equal(headers['www-authenticate'], challenge('insufficient_scope'));
      });

      it('answers 400 to a token in the query, even beside a valid one (RFC 6750 §5.3)', async () => {
        const port = await start();
        assert.equal((await present(port, `Bearer ${token}`, '/?token=1')).status, 200);
        for (const path of [`/?access_token=${token}`, '/a?b=c&access%5Ftoken=x']) {
          for (const authorization of [undefined, `Bearer ${token}`]) {
            const { status, headers } = await present(port, authorization, path);
            assert.equal(status, 400);
            assert.equal(headers['www-authenticate'], challenge('invalid_request'));
          }
        }
      });

      it('answers 503 when the bundles are not available, and asks again the next time', async () => {
        let isAway = true;
        const bundles: JwtBundleSource = {
          getJwtBundleForTrustDomain: (trustDomain) => {
            if (isAway) throw new SpiffeError('ERR_SPIFFE_CLOSED', 'the source is closed');
            return world.jwtBundles.getJwtBundleForTrustDomain(trustDomain);
          },
        };
        const port = await start({ bundles });
        const { status, headers } = await present(port, `Bearer ${token}`);
        assert.equal(status, 503);
        assert.equal(headers['www-authenticate'], undefined);
        isAway = false;
        assert.equal((await present(port, `Bearer ${token}`)).status, 200);
      });

      it('lets a subject that would be refused pass in observe mode, but nobody without a valid token', async () => {
        const observed: string[] = [];
        const port = await start({
          authorize: observe(authorizeMemberOf('b.test'), { onRefusal: ({ id }) => observed.push(String(id)) }),
        });
        assert.equal((await present(port, `Bearer ${token}`)).body, 'jwt spiffe://a.test/client');
        assert.deepEqual(observed, ['spiffe://a.test/client']);
        assert.equal((await present(port)).status, 401);
        assert.equal((await present(port, `Bearer ${token}x`)).status, 401);
      });
    });
  }

  it('goes on when a client is gone before its token is checked', async () => {
    const gate = requireJwtSvid(options);
    const listener = (request: IncomingRequest, response: ConnectResponse): void => {
      if (request.url !== '/stay') ('stream' in request ? request.stream : request).destroy();
      gate(request, response, () => response.end('passed'));
    };
    const ports = {
      'http/1.1': await world.start(createHttpsServer(world.tls, listener)),
      h2: await world.start(createHttp2Server(world.tls, listener)),
    };
    for (const protocol of ['http/1.1', 'h2'] as const) {
      for (const bearer of [token, `${token}x`]) {
        const call = { protocol, port: ports[protocol], headers: { authorization: `Bearer ${bearer}` } };
        await assert.rejects(ask({ ...call, path: '/leave' }, world.client));
        const { status } = await ask({ ...call, path: '/stay' }, world.client);
        assert.equal(status, bearer === token ? 200 : 401);
      }
    }
    await until('every refusal', () => refusals.length === 4);
  });

  it('leaves an answer alone that was given while it was checking the token', async () => {
    const gate = requireJwtSvid(options);
    const listener = (request: IncomingRequest, response: ConnectResponse): void => {
      gate(request, response, () => assert.fail('passed'));
      response.end('busy');
    };
    const headers = { authorization: `Bearer ${token}x` };
    const port = await world.start(createHttpsServer(world.tls, listener));
    assert.equal((await ask({ protocol: 'http/1.1', port, headers }, world.client)).body, 'busy');
    const http2Port = await world.start(createHttp2Server(world.tls, listener));
    assert.equal((await ask({ protocol: 'h2', port: http2Port, headers }, world.client)).body, 'busy');
    await until('both checks', () => refusals.length === 2);
  });

  describe('asks verifyJwtSvid, and so refuses', () => {
    const statusFor = async (
      bearer: string,
      bundles: JwtBundleSource = options.bundles,
    ): Promise<number | undefined> => {
      const gate = requireJwtSvid({ ...options, bundles });
      const port = await world.start(
        createHttpsServer(world.tls, (request, response) => {
          gate(request, response, () => response.end('passed'));
        }),
      );
      const headers = { authorization: `Bearer ${bearer}` };
      return (await ask({ protocol: 'http/1.1', port, headers }, world.client)).status;
    };

    it('a token for somebody else', async () => {
      assert.equal(await statusFor(token), 200);
      assert.equal(await statusFor(await world.a.jwtToken('/client', { audience: `${audience}/` })), 401);
      assert.equal(reasonOf(), 'audience');
    });

    it('a token whose trust domain has no bundle', async () => {
      assert.equal(await statusFor(token, JwtBundleSet.of(world.a.jwtBundle())), 200);
      assert.equal(await statusFor(token, JwtBundleSet.of(world.b.jwtBundle())), 401);
      assert.equal(reasonOf(), 'no-bundle');
    });

    it('an expired token', async () => {
      const issuedAt = new Date('2020-01-01T00:00:00Z');
      const expired = await world.a.jwtToken('/client', { audience, issuedAt });
      assert.equal(await statusFor(expired), 401);
      assert.equal(reasonOf(), 'expired');
    });

    it('a WIT-SVID, which must not be a bearer token (WIT-5-c, WIT-7.1-d, WV-21)', async () => {
      const wit = await world.a.jwtToken('/client', { audience, header: { typ: 'wit+jwt' } });
      assert.equal(await statusFor(wit), 401);
      assert.equal(reasonOf(), 'type');
    });
  });

  it('asks an authorizer of its own about the claims', async () => {
    const scoped = await world.a.jwtToken('/client', { audience, claims: { scope: 'pay' } });
    const gate = requireJwtSvid({
      ...options,
      authorize: (id, svid) => (svid.claims['scope'] === 'pay' ? undefined : new Error(`${String(id)} may not pay`)),
    });
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        gate(request, response, () => response.end('passed'));
      }),
    );
    const statusFor = async (bearer: string): Promise<number | undefined> =>
      (await ask({ protocol: 'http/1.1', port, headers: { authorization: `Bearer ${bearer}` } }, world.client)).status;
    assert.equal(await statusFor(scoped), 200);
    assert.equal(await statusFor(token), 403);
  });

  it('refuses a token that does not name its key only when told to (JWT-SVID §2.2)', async () => {
    const nameless = await world.a.jwtToken('/client', { audience, header: { kid: undefined } });
    const statusOf = async (more: Partial<RequireJwtSvidOptions>, bearer: string): Promise<number | undefined> => {
      const gate = requireJwtSvid({ ...options, ...more });
      const port = await world.start(
        createHttpsServer(world.tls, (request, response) => {
          gate(request, response, () => response.end('passed'));
        }),
      );
      const headers = { authorization: `Bearer ${bearer}` };
      return (await ask({ protocol: 'http/1.1', port, headers }, world.client)).status;
    };
    assert.equal(await statusOf({}, nameless), 200);
    assert.equal(await statusOf({ requireKeyId: true }, token), 200);
    assert.equal(await statusOf({ requireKeyId: true }, nameless), 401);
    assert.equal(reasonOf(), 'key-id');
  });

  it('shows the token to nobody', async () => {
    const records: unknown[] = [];
    const record = (fields: object): void => void records.push(fields);
    const logger = { debug: record, info: record, warn: record, error: record };
    const gate = requireJwtSvid({ ...options, logger, authorize: authorizeMemberOf('b.test') });
    const port = await world.start(
      createHttpsServer(world.tls, (request, response) => {
        gate(request, response, () => response.end('passed'));
      }),
    );
    for (const bearer of [token, `${token}x`]) {
      const call = {
        protocol: 'http/1.1',
        port,
        path: `/?t=${bearer}`,
        headers: { authorization: `Bearer ${bearer}` },
      };
      await ask(call as Parameters<typeof ask>[0], world.client);
    }
    assert.equal(records.length, 2);
    assert.ok(!JSON.stringify(records).includes(token.slice(-20)));
  });

  it('is not made without bundles, an audience or an authorizer (JWT-A-b, JV-51)', () => {
    for (const none of ['', [], [''], ['us', ''], undefined]) {
      assert.throws(() => requireJwtSvid({ ...options, audience: none as unknown as string }), TypeError);
    }
    assert.throws(() => requireJwtSvid({ ...options, authorize: undefined as never }), TypeError);
    assert.throws(() => requireJwtSvid({ ...options, bundles: undefined as never }), /expected a source of bundles/);
  });
});
