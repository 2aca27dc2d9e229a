// Bundles as they are stored ⇄ bundles as the standards have them.
import { JwtBundle, SpiffeBundle, X509Bundle, type JwtAuthority } from '@credence/sdk/bundle';
import { importPublicKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { Certificate } from '@credence/sdk/x509';
import type { TrustBundle } from '../domain/trust-bundle.js';

/** What is tainted is in it too, and verifies until it is revoked: the standards cannot say so. */
export function spiffeBundleOf(bundle: TrustBundle): SpiffeBundle {
  const { trustDomain, x509Authorities, jwtAuthorities, refreshHintSeconds, sequenceNumber } = bundle;
  const jwt = jwtAuthorities.map(({ keyId, publicKey }): JwtAuthority => ({
    keyId,
    publicKey: importPublicKey(publicKey),
  }));
  return SpiffeBundle.of({
    trustDomain,
    x509: X509Bundle.fromCertificates(
      trustDomain,
      x509Authorities.map(({ certificate }) => Certificate.parse(certificate)),
    ),
    jwt: JwtBundle.fromAuthorities(trustDomain, jwt),
    sequenceNumber,
    ...(refreshHintSeconds > 0 && { refreshHintMs: refreshHintSeconds * 1000 }),
  });
}

/** Whether they say the same by the standards. Compared as bytes: a publisher may have a thousand keys. */
export function isSameBundle(one: TrustBundle, other: TrustBundle): boolean {
  return (
    one.sequenceNumber === other.sequenceNumber &&
    one.refreshHintSeconds === other.refreshHintSeconds &&
    isSameList(one.x509Authorities, other.x509Authorities, (a, b) => a.certificate.equals(b.certificate)) &&
    isSameList(
      one.jwtAuthorities,
      other.jwtAuthorities,
      (a, b) => a.keyId === b.keyId && a.publicKey.equals(b.publicKey),
    )
  );
}

function isSameList<T>(one: readonly T[], other: readonly T[], isSame: (a: T, b: T) => boolean): boolean {
  return one.length === other.length && one.every((value, index) => isSame(value, other[index] as T));
}

/** A bundle without a sequence number has number zero. */
export function trustBundleOf({
  trustDomain,
  x509,
  jwt,
  refreshHintMs = 0,
  sequenceNumber,
}: SpiffeBundle): TrustBundle {
  return {
    trustDomain,
    x509Authorities: x509.authorities.map(({ raw }) => ({ certificate: raw, tainted: false })),
    jwtAuthorities: jwt.authorities.map(({ keyId, publicKey }) => ({
      keyId,
      publicKey: publicKeyInfoOf(publicKey),
      expiresAt: undefined,
      tainted: false,
    })),
    refreshHintSeconds: refreshHintMs / 1000,
    sequenceNumber: sequenceNumber ?? 0n,
  };
}
