import assert from 'node:assert/strict';
import { prunedAuthorities } from '../../dist/ca/bundle-pruning.js';
import type { JwtAuthority, TrustBundle, X509Authority } from '../../dist/domain/trust-bundle.js';
import { createIssuer, now, trustDomain } from './support/issuer.js';

const hour = 3_600_000;
/** Expires `hours` after `now`. */
const x509Authority = async (hours: number): Promise<X509Authority> => {
  const { authority } = await createIssuer({ caTtlMs: hours * hour });
  return { certificate: authority.published, tainted: false };
};
const jwtAuthority = (hours: number | undefined): JwtAuthority => ({
  publicKey: Buffer.of(1),
  keyId: String(hours),
  expiresAt: hours === undefined ? undefined : new Date(now.getTime() + hours * hour),
  tainted: false,
});
const bundleOf = (x509Authorities: readonly X509Authority[], jwtAuthorities: readonly JwtAuthority[]): TrustBundle => ({
  trustDomain,
  x509Authorities,
  jwtAuthorities,
  refreshHintSeconds: 0,
  sequenceNumber: 1n,
});
const at = (hours: number): Date => new Date(now.getTime() + hours * hour);

describe('prunedAuthorities', () => {
  it('takes out what expired 24 hours ago, of both kinds', async () => {
    const [short, long] = [await x509Authority(1), await x509Authority(48)];
    const bundle = bundleOf([short, long], [jwtAuthority(1), jwtAuthority(48)]);
    assert.equal(prunedAuthorities(bundle, at(24.9)), undefined);
    assert.deepEqual(prunedAuthorities(bundle, at(25)), {
      x509Authorities: [long],
      jwtAuthorities: [jwtAuthority(48)],
    });
  });

  it('keeps the authorities of a kind when all of them have expired', async () => {
    const bundle = bundleOf([await x509Authority(1), await x509Authority(2)], [jwtAuthority(1)]);
    assert.equal(prunedAuthorities(bundle, at(1000)), undefined);
  });

  it('keeps a JWT authority that never expires', async () => {
    const bundle = bundleOf([await x509Authority(48)], [jwtAuthority(undefined), jwtAuthority(1)]);
    assert.deepEqual(prunedAuthorities(bundle, at(30))?.jwtAuthorities, [jwtAuthority(undefined)]);
  });
});
