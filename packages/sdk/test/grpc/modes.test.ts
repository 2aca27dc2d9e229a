import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { authorizeAny, authorizeId, authorizeMemberOf, type Logger } from '@credence/sdk';
import { mtlsChannelCredentials, mtlsWebChannelCredentials, tlsChannelCredentials } from '@credence/sdk/grpc';
import { StaticX509Source } from '@credence/sdk/testing';
import { observe, peerOf, type WebCertificate } from '@credence/sdk/tls';
import { toPem } from '@credence/sdk/x509';
import { nextOf } from './echo.js';
import { Harness } from './harness.js';

describe('gRPC in the six modes', () => {
  let given: Harness;

  beforeEach(async () => {
    given = await Harness.create();
  });
  afterEach(() => given[Symbol.asyncDispose]());

  it('mTLS: tells the server who calls, in calls of every kind', async () => {
    const { echo, port } = await given.serve();
    const caller = given.dial(port, given.mtls(authorizeId('spiffe://a.test/server')));
    assert.equal(await caller.say('hello'), 'spiffe://b.test/client says hello');
    const counted: string[] = [];
    for await (const number of caller.count(3)) counted.push(number as string);
    assert.deepEqual(counted, ['1', '2', '3']);
    const chat = caller.chat();
    chat.write('hi');
    assert.equal(await nextOf(chat), 'hi!');
    chat.end();
    await once(chat, 'end');
    assert.deepEqual(new Set(echo.callers), new Set(['spiffe://b.test/client']));
  });

  it('TLS: serves clients with and without a certificate alike, and knows neither', async () => {
    const { port } = await given.serveAs({ svid: given.server, clientAuthentication: 'none' });
    const authorize = authorizeId('spiffe://a.test/server');
    assert.equal(await given.dial(port, given.mtls(authorize)).say('hello'), 'nobody says hello');
    const without = tlsChannelCredentials({ bundles: given.client, authorize });
    assert.equal(await given.dial(port, without).say('hello'), 'nobody says hello');
  });

  it('TLS: a client presents no certificate even where it has one', async () => {
    const { echo, port } = await given.serve();
    const options = { svid: given.client, bundles: given.client, authorize: authorizeAny() };
    assert.equal(
      await given.dial(port, mtlsChannelCredentials(options)).say('hello'),
      'spiffe://b.test/client says hello',
    );
    await assert.rejects(given.dial(port, tlsChannelCredentials(options)).say('hello'), { code: status.UNAVAILABLE });
    assert.equal(echo.callers.length, 1);
  });

  it('mTLS, client optional: serves who has no certificate, refuses one that does not verify', async () => {
    const { port } = await given.serve({ clientAuthentication: 'optional' });
    const without = tlsChannelCredentials({ bundles: given.client, authorize: authorizeAny() });
    assert.equal(await given.dial(port, without).say('hello'), 'nobody says hello');
    given.client.update({ svid: await given.a.forgedSvid('spiffe://b.test/client') });
    await assert.rejects(given.dial(port).say('hello'), { code: status.UNAVAILABLE });
  });

  it('mTLS-web: checks the host name of the server, and the SPIFFE ID of the client', async () => {
    const { chain, privateKey } = await given.a.credential('/web', { uris: [], dnsNames: ['localhost'] });
    const webCertificate = toWebCertificate(chain, privateKey);
    const { port } = await given.serveAs({
      webCertificate,
      bundles: given.server,
      authorize: authorizeMemberOf('b.test'),
    });
    const trusting = (root: string) => mtlsWebChannelCredentials({ svid: given.client, webRoots: [root] });
    const credentials = trusting(given.a.certificate.toPem());
    assert.equal(await given.dial(port, credentials, 'localhost').say('hello'), 'spiffe://b.test/client says hello');
    await assert.rejects(given.dial(port, credentials).say('hello'), { code: status.UNAVAILABLE, details: /altnames/ });
    const others = trusting(given.b.certificate.toPem());
    await assert.rejects(given.dial(port, others, 'localhost').say('hello'), { code: status.UNAVAILABLE });
  });

  it('refuses a client that forges an ID of another trust domain (ID-3-a)', async () => {
    const { echo, port } = await given.serve();
    assert.equal(await given.dial(port).say('hello'), 'spiffe://b.test/client says hello');
    given.client.update({ svid: await given.a.forgedSvid('spiffe://b.test/client') });
    await assert.rejects(given.dial(port).say('hello'), { code: status.UNAVAILABLE });
    assert.equal(echo.callers.length, 1);
  });

  it('refuses a server that forges an ID of another trust domain, and says why (ID-3-a)', async () => {
    const { echo, port } = await given.serve();
    assert.equal(await given.dial(port).say('hello'), 'spiffe://b.test/client says hello');
    given.server.update({ svid: await given.b.forgedSvid('spiffe://a.test/server') });
    await assert.rejects(given.dial(port).say('hello'), {
      code: status.UNAVAILABLE,
      details: /peer spiffe:\/\/a\.test\/server does not verify: the chain leads to no authority of its trust domain/,
    });
    assert.equal(echo.callers.length, 1);
  });

  it('ends a call with UNAVAILABLE that names the server whom the client does not allow', async () => {
    const { echo, port } = await given.serve();
    const refusing = given.mtls(authorizeId('spiffe://a.test/other'));
    await assert.rejects(given.dial(port, refusing).say('hello'), {
      code: status.UNAVAILABLE,
      details: /peer spiffe:\/\/a\.test\/server is not authorized: expected spiffe:\/\/a\.test\/other/,
    });
    assert.deepEqual(echo.callers, []);
  });

  it('ends a call with PERMISSION_DENIED for a caller whom the server does not allow, and keeps the rest in its log', async () => {
    const logged: object[] = [];
    const record = (fields: object): void => void logged.push(fields);
    const logger: Logger = { debug: record, info: record, warn: record, error: record };
    const reported: (string | undefined)[] = [];
    const { echo, port } = await given.serve({
      authorize: authorizeId('spiffe://b.test/other'),
      logger,
      onRefusal: ({ code }, socket) => reported.push(code, peerOf(socket)?.id.toString()),
    });
    await assert.rejects(given.dial(port).say('hello'), {
      code: status.PERMISSION_DENIED,
      details: 'spiffe://b.test/client is not allowed to call /test.Echo/Say',
    });
    const error = 'peer spiffe://b.test/client is not authorized: expected spiffe://b.test/other';
    const expected = { id: 'spiffe://b.test/client', code: 'ERR_SPIFFE_UNAUTHORIZED', error, method: '/test.Echo/Say' };
    assert.deepEqual(logged, [expected]);
    assert.deepEqual(reported, ['ERR_SPIFFE_UNAUTHORIZED', 'spiffe://b.test/client']);
    assert.deepEqual(echo.callers, []);
  });

  it('refuses in the handshake whom no authorizer of this server could allow', async () => {
    const { port } = await given.serve({ authorize: authorizeMemberOf('a.test') });
    await assert.rejects(given.dial(port).say('hello'), { code: status.UNAVAILABLE });
  });

  it('reports a refusal in observe mode, and serves the call', async () => {
    const refused: string[] = [];
    const authorize = observe(authorizeId('spiffe://b.test/other'), {
      onRefusal: ({ id }) => void refused.push(id.toString()),
    });
    const { port } = await given.serve({ authorize });
    const caller = given.dial(port);
    assert.equal(await caller.say('one'), 'spiffe://b.test/client says one');
    assert.equal(await caller.say('two'), 'spiffe://b.test/client says two');
    assert.deepEqual(refused, ['spiffe://b.test/client', 'spiffe://b.test/client']);
    assert.equal(authorize.refusals, 2);
  });

  it('calls a server that would be refused in observe mode, and reports it', async () => {
    const { port } = await given.serve();
    const authorize = observe(authorizeId('spiffe://a.test/other'));
    assert.equal(await given.dial(port, given.mtls(authorize)).say('hello'), 'spiffe://b.test/client says hello');
    assert.equal(authorize.refusals, 1);
  });

  it('calls nobody while it has no identity, and says so', async () => {
    const { port } = await given.serve();
    const nobody = new StaticX509Source(given.client.getX509Svid(), given.client.bundles);
    nobody.getX509Svid = () => {
      throw new Error('no identity issued');
    };
    const credentials = mtlsChannelCredentials({ svid: nobody, bundles: nobody, authorize: authorizeAny() });
    await assert.rejects(given.dial(port, credentials).say('hello'), {
      code: status.UNAVAILABLE,
      details: /no identity issued/,
    });
  });

  for (const option of ['ca', 'rejectUnauthorized', 'checkServerIdentity', 'session', 'secureContext']) {
    it(`refuses base.${option}`, () => {
      assert.ok(given.mtls(authorizeAny(), { base: { ciphers: 'HIGH' } }));
      assert.throws(() => given.mtls(authorizeAny(), { base: { [option]: undefined } }), TypeError);
    });
  }
});

function toWebCertificate(chain: readonly Buffer[], privateKey: KeyObject): WebCertificate {
  return {
    cert: chain.map((der) => toPem(der, 'CERTIFICATE')).join(''),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
