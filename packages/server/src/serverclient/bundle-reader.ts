// The bundle of the trust domain as the server above sends it, which has to be whole and well-formed to be followed.
import { TrustDomain } from '@credence/sdk';
import { importPublicKey } from '@credence/sdk/keys';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import type { JWTKey__Output } from '@credence/sdk/wire/gen/spire/api/types/JWTKey.js';
import type { X509Certificate__Output } from '@credence/sdk/wire/gen/spire/api/types/X509Certificate.js';
import { Certificate } from '@credence/sdk/x509';
import type { Authorities } from '../datastore/bundle-store.js';
import { serverError } from '../domain/errors.js';
import type { JwtAuthority, X509Authority } from '../domain/trust-bundle.js';

/** @throws `ERR_UPSTREAM` */
export function readBundle(bundle: Bundle__Output, trustDomain: TrustDomain): Authorities {
  try {
    // SPIFFE Trust Domain and Bundle §3: a bundle belongs to exactly one trust domain.
    if (!TrustDomain.parse(bundle.trust_domain).equals(trustDomain)) {
      throw new Error(`it is of the trust domain "${bundle.trust_domain}"`);
    }
    return {
      x509Authorities: bundle.x509_authorities.map(readX509Authority),
      jwtAuthorities: bundle.jwt_authorities.map(readJwtAuthority),
    };
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw serverError('ERR_UPSTREAM', `the bundle of the upstream server cannot be used: ${problem}`, { cause });
  }
}

function readX509Authority({ asn1, tainted }: X509Certificate__Output): X509Authority {
  const certificate = Certificate.parse(asn1);
  importPublicKey(certificate.publicKeyInfo);
  return { certificate: certificate.raw, tainted };
}

function readJwtAuthority({ key_id: keyId, public_key: publicKey, expires_at, tainted }: JWTKey__Output): JwtAuthority {
  if (keyId === '') throw new Error('a JWT authority has no key ID');
  importPublicKey(publicKey);
  const expiresAt = Number(expires_at);
  return { keyId, publicKey, expiresAt: expiresAt === 0 ? undefined : new Date(1000 * expiresAt), tainted };
}
