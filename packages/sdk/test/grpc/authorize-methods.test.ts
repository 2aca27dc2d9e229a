import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { authorizeAny, authorizeId, isSpiffeError, observe } from '@credence/sdk';
import {
  authorizeMethods,
  peerOfCall,
  tlsChannelCredentials,
  type AuthorizeMethodsOptions,
  type MethodRules,
} from '@credence/sdk/grpc';
import { endOf } from './echo.js';
import { Harness } from './harness.js';

describe('authorizeMethods', () => {
  let given: Harness;

  beforeEach(async () => {
    given = await Harness.create();
  });
  afterEach(() => given[Symbol.asyncDispose]());

  const start = (rules: MethodRules) => given.serve({ clientAuthentication: 'optional' }, authorizeMethods(rules));
  const denied = {
    code: status.PERMISSION_DENIED,
    details: 'spiffe://b.test/client is not allowed to call /test.Echo/Say',
  };

  it('asks the rule of the method', async () => {
    const allowed = await start({ '/test.Echo/Say': authorizeId('spiffe://b.test/client') });
    assert.equal(await given.dial(allowed.port).say('hello'), 'spiffe://b.test/client says hello');
    const refused = await start({ '/test.Echo/Say': authorizeId('spiffe://b.test/other') });
    await assert.rejects(given.dial(refused.port).say('hello'), denied);
    assert.deepEqual(refused.echo.callers, []);
  });

  it('asks the rule of the service for a method that has none, and of the method first', async () => {
    const service = await start({ '/test.Echo/*': authorizeAny() });
    assert.equal(await given.dial(service.port).say('hello'), 'spiffe://b.test/client says hello');
    const both = await start({
      '/test.Echo/*': authorizeAny(),
      '/test.Echo/Say': authorizeId('spiffe://b.test/other'),
    });
    await assert.rejects(given.dial(both.port).say('hello'), denied);
  });

  it('refuses what no rule names, streams too', async () => {
    const { echo, port } = await start({ '/test.Echo/Count': authorizeAny(), '/test.Other/*': authorizeAny() });
    const client = given.dial(port);
    await assert.rejects(client.say('hello'), denied);
    assert.equal((await endOf(client.chat())).code, status.PERMISSION_DENIED);
    assert.deepEqual(echo.callers, []);
  });

  it('lets pass whom an observed rule would refuse, and nobody whom no rule names', async () => {
    const rule = observe(authorizeId('spiffe://b.test/other'));
    const observed = await start({ '/test.Echo/Say': rule });
    assert.equal(await given.dial(observed.port).say('hello'), 'spiffe://b.test/client says hello');
    assert.equal(rule.refusals, 1);
    const other = await start({ '/test.Echo/Count': rule });
    await assert.rejects(given.dial(other.port).say('hello'), denied);
  });

  it('takes no name of Object.prototype for a rule', async () => {
    const { port } = await start(JSON.parse('{"/test.Other/Say": null}') as MethodRules);
    await assert.rejects(given.dial(port).say('hello'), denied);
  });

  it('refuses a caller without a verified peer', async () => {
    const { port } = await start({ '/test.Echo/*': authorizeAny() });
    const without = tlsChannelCredentials({ bundles: given.client, authorize: authorizeAny() });
    await assert.rejects(given.dial(port, without).say('hello'), {
      code: status.UNAUTHENTICATED,
      details: 'the connection has no verified peer',
    });
  });

  it('tells onRefusal the reason, the method and the caller of each refused call', async () => {
    const reported: unknown[] = [];
    const onRefusal: AuthorizeMethodsOptions['onRefusal'] = (error, call) => {
      const code = isSpiffeError(error) ? error.code : undefined;
      reported.push({ code, method: call.method, peer: peerOfCall(call)?.id.toString() });
      throw new Error('a report that fails');
    };
    const rules = { '/test.Echo/Count': authorizeAny() };
    const { port } = await given.serve({ clientAuthentication: 'optional' }, authorizeMethods(rules, { onRefusal }));
    for await (const number of given.dial(port).count(1)) assert.equal(number, '1');
    assert.deepEqual(reported, []);
    await assert.rejects(given.dial(port).say('hello'), denied);
    const without = tlsChannelCredentials({ bundles: given.client, authorize: authorizeAny() });
    await assert.rejects(given.dial(port, without).say('hello'), { code: status.UNAUTHENTICATED });
    const method = '/test.Echo/Say';
    assert.deepEqual(reported, [
      { code: 'ERR_SPIFFE_UNAUTHORIZED', method, peer: 'spiffe://b.test/client' },
      { code: 'ERR_SPIFFE_UNAUTHENTICATED', method, peer: undefined },
    ]);
  });

  for (const name of ['', 'test.Echo/Say', '/test.Echo', '/test.Echo/', '/*', '/test.Echo/S*', '/a/b/c']) {
    it(`refuses a rule for "${name}"`, () => {
      assert.ok(authorizeMethods({ '/test.Echo/Say': authorizeAny() }));
      assert.throws(() => authorizeMethods({ [name]: authorizeAny() }), TypeError);
    });
  }
});
