import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Metadata, status, type ServerInterceptor } from '@grpc/grpc-js';
import {
  authorizeAny,
  authorizeId,
  isSpiffeError,
  JwtBundleSet,
  observe,
  type JwtBundleSource,
  type JwtSvid,
  type Logger,
} from '@credence/sdk';
import {
  jwtCallCredentials,
  jwtSvidOfCall,
  requireJwtSvid,
  tlsChannelCredentials,
  type RequireJwtSvidOptions,
} from '@credence/sdk/grpc';
import { sdkError } from '@credence/sdk/runtime';
import { nextOf } from './echo.js';
import { Harness } from './harness.js';

const audience = 'spiffe://a.test/server';

describe('gRPC calls with a JWT-SVID', () => {
  let given: Harness;
  let bundles: JwtBundleSet;
  let logged: object[];
  let logger: Logger;

  beforeEach(async () => {
    given = await Harness.create();
    bundles = JwtBundleSet.of(given.a.jwtBundle(), given.b.jwtBundle());
    logged = [];
    const record = (fields: object): void => void logged.push(fields);
    logger = { debug: record, info: record, warn: record, error: record };
  });
  afterEach(() => given[Symbol.asyncDispose]());

  const serve = async (options: Partial<Parameters<typeof requireJwtSvid>[0]> = {}) => {
    const callers: (string | undefined)[] = [];
    const sent: unknown[] = [];
    const spy: ServerInterceptor = (_method, call) => {
      const inner = requireJwtSvid({ bundles, audience, authorize: authorizeAny(), logger, ...options })(_method, call);
      return Object.assign(inner, { start: tell(inner, inner.start.bind(inner)) });
    };
    const tell =
      (call: ReturnType<ServerInterceptor>, start: typeof call.start): typeof call.start =>
      (listener) => {
        start({
          onReceiveMetadata: (metadata) => {
            callers.push(jwtSvidOfCall(call)?.id.toString());
            sent.push(...metadata.get('authorization'));
            listener.onReceiveMetadata(metadata);
          },
          onReceiveMessage: (message) => {
            listener.onReceiveMessage(message);
          },
          onReceiveHalfClose: () => {
            listener.onReceiveHalfClose();
          },
          onCancel: () => {
            listener.onCancel();
          },
        });
      };
    const { echo, port } = await given.serveAs({ svid: given.server, clientAuthentication: 'none' }, spy);
    return { echo, port, callers, sent };
  };
  const without = () => tlsChannelCredentials({ bundles: given.client, authorize: authorizeAny() });
  const dial = (port: number, ...tokens: (() => Promise<JwtSvid>)[]) => {
    let i = 0;
    const fetchJwtSvid = (): Promise<JwtSvid> => tokens[Math.min(i++, tokens.length - 1)]!();
    return given.dial(port, without().compose(jwtCallCredentials({ fetchJwtSvid }, { audience })));
  };
  const ofClient = () => given.b.jwtSvid('/client', { audience });

  it('are known by the token, in calls of every kind (JWT-SVID §4)', async () => {
    const { echo, port, callers } = await serve({ authorize: authorizeId('spiffe://b.test/client') });
    const client = dial(port, ofClient);
    assert.equal(await client.say('hello'), 'nobody says hello');
    const chat = client.chat();
    chat.write('hi');
    assert.equal(await nextOf(chat), 'hi!');
    chat.end();
    await once(chat, 'end');
    assert.deepEqual(callers, ['spiffe://b.test/client', 'spiffe://b.test/client']);
    assert.equal(echo.callers.length, 2);
  });

  it('bring the token that the source has at that moment, as authorization: Bearer (JWT-5.3-a)', async () => {
    const { port, callers, sent } = await serve();
    const tokens = [await ofClient(), await given.b.jwtSvid('/other', { audience })];
    const client = dial(port, ...tokens.map((token) => () => Promise.resolve(token)));
    await client.say('one');
    await client.say('two');
    assert.deepEqual(callers, ['spiffe://b.test/client', 'spiffe://b.test/other']);
    assert.deepEqual(
      sent,
      tokens.map(({ token }) => `Bearer ${token}`),
    );
  });

  const refused = [
    { name: 'no token', credentials: () => [], details: /no authorization metadata/ },
    { name: 'another scheme', credentials: () => ['Basic YTpi'], details: /not one bearer token/ },
    {
      name: 'two tokens in one value',
      credentials: (token: string) => [`Bearer ${token}, Bearer ${token}`],
      details: /not one/,
    },
    { name: 'a token that is none', credentials: () => ['Bearer x.y.z'], details: /JWT-SVID/ },
    { name: 'a token in two parts', credentials: () => ['Bearer x y'], details: /not one bearer token/ },
  ];
  for (const { name, credentials, details } of refused) {
    it(`end with UNAUTHENTICATED for ${name}, and never with the token in the log (JWT-SVID §4)`, async () => {
      const { echo, port } = await serve();
      const { token } = await ofClient();
      const client = given.dial(port, without());
      assert.equal(await client.say('hello', bearer(`bearer ${token}`)), 'nobody says hello');
      await assert.rejects(client.say('hello', bearer(...credentials(token))), {
        code: status.UNAUTHENTICATED,
        details,
      });
      assert.equal(echo.callers.length, 1);
      assert.equal(logged.length, 1);
      assert.ok(!JSON.stringify(logged).includes(token));
    });
  }

  it('end with UNAUTHENTICATED for a token of another audience, of a foreign key, or expired', async () => {
    const { echo, port } = await serve();
    assert.ok(await dial(port, ofClient).say('hello'));
    const wrong = [
      () => given.b.jwtSvid('/client', { audience: 'spiffe://a.test/other' }),
      () => given.a.jwtSvid('spiffe://b.test/client', { audience }),
      () => given.b.jwtSvid('/client', { audience, claims: { exp: 1_000_000_000 } }),
    ];
    for (const token of wrong) {
      await assert.rejects(dial(port, token).say('hello'), { code: status.UNAUTHENTICATED, details: /JWT-SVID/ });
    }
    assert.equal(echo.callers.length, 1);
  });

  it('end with PERMISSION_DENIED for a subject who is not allowed', async () => {
    const { echo, port } = await serve({ authorize: authorizeId('spiffe://b.test/other') });
    await assert.rejects(dial(port, ofClient).say('hello'), {
      code: status.PERMISSION_DENIED,
      details: 'spiffe://b.test/client is not allowed to call /test.Echo/Say',
    });
    assert.deepEqual(echo.callers, []);
  });

  it('go on for a subject who would be refused in observe mode, and for nobody without a valid token', async () => {
    const authorize = observe(authorizeId('spiffe://b.test/other'));
    const { echo, port } = await serve({ authorize });
    assert.equal(await dial(port, ofClient).say('hello'), 'nobody says hello');
    assert.equal(authorize.refusals, 1);
    await assert.rejects(given.dial(port, without()).say('hello'), { code: status.UNAUTHENTICATED });
    assert.equal(echo.callers.length, 1);
  });

  it('end with UNAUTHENTICATED for a token that does not name its key only when told to (JWT-SVID §2.2)', async () => {
    const nameless = () => given.b.jwtSvid('/client', { audience, header: { kid: undefined } });
    const [lenient, strict] = [await serve(), await serve({ requireKeyId: true })];
    assert.ok(await dial(lenient.port, nameless).say('hello'));
    assert.ok(await dial(strict.port, ofClient).say('hello'));
    await assert.rejects(dial(strict.port, nameless).say('hello'), { code: status.UNAUTHENTICATED, details: /"kid"/ });
  });

  it('end with UNAVAILABLE while the bundles are not available', async () => {
    const getJwtBundleForTrustDomain = (): never => {
      throw sdkError('ERR_SPIFFE_CLOSED', 'the source is closed');
    };
    const { port } = await serve({ bundles: { getJwtBundleForTrustDomain } });
    await assert.rejects(dial(port, ofClient).say('hello'), {
      code: status.UNAVAILABLE,
      details: /could not be verified/,
    });
  });

  it('are told to onRefusal when they are refused: the reason and the method, whatever it throws', async () => {
    const reported: unknown[] = [];
    const onRefusal: RequireJwtSvidOptions['onRefusal'] = (error, { method }) => {
      reported.push([isSpiffeError(error) ? error.code : error.message, method]);
      throw new Error('a report that fails');
    };
    let isAway = false;
    const source: JwtBundleSource = {
      getJwtBundleForTrustDomain: (trustDomain) => {
        if (isAway) throw new Error('away');
        return bundles.getJwtBundleForTrustDomain(trustDomain);
      },
    };
    const authorize = authorizeId('spiffe://b.test/client');
    const { port } = await serve({ bundles: source, authorize, onRefusal });
    assert.equal(await dial(port, ofClient).say('hello'), 'nobody says hello');
    assert.deepEqual(reported, []);
    await assert.rejects(given.dial(port, without()).say('hello'), { code: status.UNAUTHENTICATED });
    const ofOther = () => given.b.jwtSvid('/other', { audience });
    await assert.rejects(dial(port, ofOther).say('hello'), { code: status.PERMISSION_DENIED });
    const forOther = () => given.b.jwtSvid('/client', { audience: 'spiffe://a.test/other' });
    await assert.rejects(dial(port, forOther).say('hello'), { code: status.UNAUTHENTICATED });
    isAway = true;
    await assert.rejects(dial(port, ofClient).say('hello'), { code: status.UNAVAILABLE });
    const reasons = ['ERR_SPIFFE_UNAUTHENTICATED', 'ERR_SPIFFE_UNAUTHORIZED', 'ERR_SPIFFE_JWT', 'away'];
    assert.deepEqual(
      reported,
      reasons.map((reason) => [reason, '/test.Echo/Say']),
    );
  });

  it('fail on the side of the caller when there is no token: UNAVAILABLE where a retry may help', async () => {
    const { port } = await serve();
    const failing = (code: 'ERR_SPIFFE_WORKLOAD_API' | 'ERR_SPIFFE_CLOSED', options?: { retryable: boolean }) => () =>
      Promise.reject<JwtSvid>(sdkError(code, 'nothing there', options));
    await assert.rejects(dial(port, failing('ERR_SPIFFE_WORKLOAD_API')).say('hello'), {
      code: status.UNAVAILABLE,
      details: /nothing there/,
    });
    await assert.rejects(dial(port, failing('ERR_SPIFFE_CLOSED')).say('hello'), { code: status.UNAUTHENTICATED });
    // As the Workload API answers INVALID_ARGUMENT.
    const refusing = failing('ERR_SPIFFE_WORKLOAD_API', { retryable: false });
    await assert.rejects(dial(port, refusing).say('hello'), { code: status.UNAUTHENTICATED });
    await assert.rejects(dial(port, () => Promise.reject(new Error('odd'))).say('hello'), { code: status.UNAVAILABLE });
  });

  it('need bundles, an audience and an authorizer', () => {
    const source = { fetchJwtSvid: ofClient };
    assert.ok(jwtCallCredentials(source, { audience }));
    assert.throws(() => jwtCallCredentials(source, { audience: [] }), TypeError);
    const options = { bundles, audience, authorize: authorizeAny() };
    assert.ok(requireJwtSvid(options));
    assert.throws(() => requireJwtSvid({ ...options, audience: '' }), TypeError);
    assert.throws(() => requireJwtSvid({ ...options, bundles: undefined as never }), /expected a source of bundles/);
    assert.throws(() => requireJwtSvid(Object.assign({ ...options }, { authorize: undefined })), TypeError);
  });
});

function bearer(...credentials: readonly string[]): Metadata {
  const metadata = new Metadata();
  for (const value of credentials) metadata.add('authorization', value);
  return metadata;
}
