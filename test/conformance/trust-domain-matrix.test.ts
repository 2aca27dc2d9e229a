// Every signer with every ID and every set of bundles: an identity verifies only by the authority of its own trust
// domain, and only where the bundle of that trust domain is held (X509-SVID §5.1).
import assert from 'node:assert/strict';
import { isSpiffeError, verifyX509Svid, X509BundleSet } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';

const signers = ['a.test', 'b.test'] as const;
const identities = ['a.test', 'b.test', 'c.test'] as const;
const held = [['a.test'], ['b.test'], ['a.test', 'b.test'], []] as const;

describe('cross-trust-domain matrix (X509-SVID §5.1)', () => {
  let cas: ReadonlyMap<string, TestCa>;
  before(async () => {
    cas = new Map(await Promise.all(signers.map(async (name) => [name, await TestCa.create(name)] as const)));
  });

  for (const depth of ['directly', 'through an intermediate'] as const) {
    for (const signer of signers) {
      for (const identity of identities) {
        for (const bundles of held) {
          const passes = signer === identity && (bundles as readonly string[]).includes(identity);
          const holds = bundles.length === 0 ? 'no bundle' : `the bundles of ${bundles.join(' and ')}`;
          const title = `${signer} signs an ID of ${identity} ${depth}, the validator holds ${holds}`;
          it(`${passes ? 'accepts' : 'rejects'}: ${title}`, async () => {
            const root = cas.get(signer)!;
            const ca = depth === 'directly' ? root : await root.childCa();
            const { chain } = await ca.credential(`spiffe://${identity}/w`);
            const set = X509BundleSet.of(...bundles.map((name) => cas.get(name)!.bundle()));
            if (passes) {
              assert.equal(verifyX509Svid(chain, set).id.toString(), `spiffe://${identity}/w`);
            } else {
              const reason = reasonOf(bundles, identity);
              assert.throws(
                () => verifyX509Svid(chain, set),
                (error) => isSpiffeError(error, 'ERR_SPIFFE_VERIFY') && error.details['reason'] === reason,
              );
            }
          });
        }
      }
    }
  }
});

function reasonOf(bundles: readonly string[], identity: string): string {
  return bundles.includes(identity) ? 'unknown-authority' : 'no-bundle';
}
