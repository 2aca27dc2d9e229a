// The attack vectors of JWT-SVID validation, through the verify API. JV-66 is about the Authorization header and belongs to
// the HTTP middleware.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { isSpiffeError, verifyJwtSvid, type JwtBundleSource, type SpiffeError } from '@credence/sdk';
import { claimVectors } from './jwt-svid/claim-vectors.js';
import { encodingVectors } from './jwt-svid/encoding-vectors.js';
import { headerVectors } from './jwt-svid/header-vectors.js';
import { keyVectors } from './jwt-svid/key-vectors.js';
import { createScene, draft, plainId, type Scene, type Trial } from './jwt-svid/vector.js';

const vectors = [...headerVectors, ...keyVectors, ...encodingVectors, ...claimVectors];
const boundMs = 2000;

describe('JWT-SVID vectors', () => {
  let scene: Scene;
  before(async () => {
    scene = await createScene();
  });

  const verify = async ({ token, bundles = scene.bundles, options }: Trial): Promise<string> =>
    (await verifyJwtSvid(token, bundles, { audience: 'me', ...options })).id.toString();
  const accept = async (trials: readonly Trial[]): Promise<void> => {
    for (const trial of trials) assert.match(await verify(trial), /^spiffe:\/\/[ab]\.test\/w$/);
  };

  for (const vector of vectors) {
    const verb = vector.expected === 'ACCEPT' ? 'accepts' : 'rejects';
    it(`${vector.id} ${verb} ${vector.title}`, async () => {
      const trials = await vector.trials(scene);
      assert.ok(trials.length > 0);
      if (vector.expected === 'ACCEPT') {
        await accept(trials);
        return;
      }
      await accept((await vector.twins?.(scene)) ?? [{ token: draft(scene) }]);
      for (const [index, trial] of trials.entries()) {
        const start = performance.now();
        await assert.rejects(verify(trial), (error) => reasonIs(error, vector.reason, index, trial.token));
        assert.ok(performance.now() - start < boundMs, 'refused in bounded time');
      }
    });
  }

  it('JV-51 refuses to verify for no audience at all (JWT-SVID appendix A)', async () => {
    const token = draft(scene);
    await accept([{ token }]);
    for (const audience of [[], '', [''], ['me', ''], undefined, null, 7, [7]]) {
      await assert.rejects(verify({ token, options: { audience: audience as string } }), TypeError);
    }
  });

  it('JV-04, JWT-4-a, JWT-4-c look up no key and no bundle for what is refused before', async () => {
    const asked: string[] = [];
    const bundles: JwtBundleSource = {
      getJwtBundleForTrustDomain: (trustDomain) => {
        asked.push(trustDomain.name);
        return scene.bundles.getJwtBundleForTrustDomain(trustDomain);
      },
    };
    await accept([{ token: draft(scene), bundles }]);
    assert.deepEqual(asked, ['a.test']);
    for (const draftOf of [
      { header: { alg: 'none' } },
      { header: { alg: 'HS256' }, claims: 'no JSON' },
      { claims: { aud: undefined, exp: undefined } },
    ]) {
      await assert.rejects(verify({ token: draft(scene, draftOf), bundles }));
    }
    assert.deepEqual(asked, ['a.test']);
  });

  it('JV-36 fetches nothing from where a header points', async () => {
    let connections = 0;
    const server = createServer(() => connections++).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    for (const header of [{ jku: url }, { x5u: url }]) {
      await accept([{ token: draft(scene) }]);
      await assert.rejects(verify({ token: draft(scene, { header }) }));
    }
    server.close();
    await once(server, 'close');
    assert.equal(connections, 0);
  });

  it('ID-2.3-a verifies a subject of 2048 bytes', async () => {
    const sub = `${plainId}${'w'.repeat(2048 - plainId.length)}`;
    const svid = await verifyJwtSvid(draft(scene, { claims: { sub } }), scene.bundles, { audience: 'me' });
    assert.equal(svid.id.toString(), sub);
  });

  it('JV-48, JWT-3-a give the claims as they are in the token, and pollute nothing', async () => {
    const claims = '{"sub":"spiffe://a.test/w","aud":"me","exp":4000000000,"__proto__":{"polluted":true},"foo":[1]}';
    const svid = await verifyJwtSvid(draft(scene, { claims }), scene.bundles, { audience: 'me' });
    assert.deepEqual(svid.claims['foo'], [1]);
    assert.ok(Object.hasOwn(svid.claims, '__proto__'));
    assert.equal(Object.getPrototypeOf(svid.claims), Object.prototype);
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
  });
});

function reasonIs(error: unknown, expected: string, index: number, token: string): boolean {
  assert.ok(isSpiffeError(error, 'ERR_SPIFFE_JWT'), `trial ${index}: ${String(error)}`);
  const { message, details }: SpiffeError = error;
  assert.equal(details['reason'], expected, `trial ${index}: ${message}`);
  assert.ok(token.length < 20 || !message.includes(token.slice(-20)), 'the message carries nothing of the token');
  return true;
}
