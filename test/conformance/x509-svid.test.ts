// The attack vectors of X.509-SVID validation, through the verify API. Those that need a TLS peer (XV-52, XV-79 … XV-81)
// are the TLS suite's.
import assert from 'node:assert/strict';
import { isSpiffeError, verifyX509Svid, type SpiffeError } from '@credence/sdk';
import { encodingVectors } from './x509-svid/encoding-vectors.js';
import { identityVectors } from './x509-svid/identity-vectors.js';
import { pathVectors } from './x509-svid/path-vectors.js';
import { profileVectors } from './x509-svid/profile-vectors.js';
import { trustVectors } from './x509-svid/trust-vectors.js';
import { createScene, leafId, plainLeaf, type Scene, type Trial } from './x509-svid/vector.js';

const vectors = [...identityVectors, ...profileVectors, ...trustVectors, ...pathVectors, ...encodingVectors];
const boundMs = 2000;

describe('X.509-SVID vectors', () => {
  let scene: Scene;
  before(async () => {
    scene = await createScene();
  });

  const verify = ({ chain, bundles = scene.bundles, now }: Trial): string =>
    verifyX509Svid(chain, bundles, now === undefined ? {} : { now }).id.toString();

  for (const vector of vectors) {
    const verb = vector.expected === 'ACCEPT' ? 'accepts' : 'rejects';
    it(`${vector.id} ${verb} ${vector.title}`, async () => {
      const trial = await vector.make(scene);
      if (vector.expected === 'ACCEPT') {
        assert.equal(verify(trial), vector.spiffeId ?? leafId);
        return;
      }
      const twin = await (vector.twin ?? plainLeaf)(scene);
      assert.doesNotThrow(() => verify(twin), 'the positive twin is accepted');
      const start = performance.now();
      assert.throws(
        () => verify(trial),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_VERIFY') && reasonIs(error, vector.reason),
      );
      assert.ok(performance.now() - start < boundMs, 'refused in bounded time');
    });
  }
});

function reasonIs(error: SpiffeError, expected: string): boolean {
  assert.equal(error.details['reason'], expected, error.message);
  return true;
}
