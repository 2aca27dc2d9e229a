// Every signer with every subject and every set of bundles: a JWT-SVID verifies only by a key of its own trust domain, and
// only where the bundle of that trust domain is held (SPIFFE Trust Domain and Bundle §3). Key IDs collide on purpose.
import assert from 'node:assert/strict';
import { isSpiffeError, JwtBundleSet, TrustDomain, verifyJwtSvid } from '@credence/sdk';
import { bundleOf, createScene, draft, type Scene } from './jwt-svid/vector.js';

const signers = ['a', 'b'] as const;
const subjects = ['a', 'b', 'c'] as const;
const held = [['a'], ['b'], ['a', 'b'], []] as const;

describe('cross-trust-domain matrix of JWT-SVIDs (SPIFFE Trust Domain and Bundle §3)', () => {
  let scene: Scene;
  before(async () => {
    scene = await createScene();
  });

  for (const signer of signers) {
    for (const subject of subjects) {
      for (const bundles of held) {
        for (const kid of ['k1', undefined]) {
          const isHeld = (bundles as readonly string[]).includes(subject);
          const passes = signer === subject && isHeld;
          const holds = bundles.length === 0 ? 'no bundle' : `the bundles of ${bundles.join(' and ')}`;
          const named = kid === undefined ? 'without a key ID' : 'by key ID';
          it(`TDB-3-b, ID-3-a ${passes ? 'accepts' : 'rejects'}: ${signer} signs for ${subject} ${named}, the validator holds ${holds}`, async () => {
            const id = `spiffe://${subject}.test/w`;
            const token = draft(scene, { header: { kid }, claims: { sub: id }, key: scene[signer].privateKey });
            const set = JwtBundleSet.of(
              ...bundles.map((name) => bundleOf({ k1: scene[name] }, TrustDomain.parse(`${name}.test`))),
            );
            const verified = verifyJwtSvid(token, set, { audience: 'me' });
            if (passes) {
              assert.equal((await verified).id.toString(), id);
              return;
            }
            const reason = isHeld ? 'signature' : 'no-bundle';
            await assert.rejects(
              verified,
              (error) => isSpiffeError(error, 'ERR_SPIFFE_JWT') && error.details['reason'] === reason,
            );
          });
        }
      }
    }
  }
});
