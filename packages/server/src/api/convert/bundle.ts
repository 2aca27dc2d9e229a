// Trust bundles, domain ⇄ wire.
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import type { BundleMask__Output } from '@credence/sdk/wire/gen/spire/api/types/BundleMask.js';
import type { JWTKey, JWTKey__Output } from '@credence/sdk/wire/gen/spire/api/types/JWTKey.js';
import type { X509Certificate__Output } from '@credence/sdk/wire/gen/spire/api/types/X509Certificate.js';
import { checkPublicKeyInfo, importPublicKey } from '@credence/sdk/keys';
import { Certificate } from '@credence/sdk/x509';
import { serverError } from '../../domain/errors.js';
import type { JwtAuthority, TrustBundle, X509Authority } from '../../domain/trust-bundle.js';
import { applyMask } from './mask.js';
import { decodeSeconds, encodeSeconds } from './time.js';

// Everybody fetches the bundle as a whole.
const longestKeyId = 255;

export function encodeBundle(bundle: TrustBundle, mask: BundleMask__Output | null): Bundle {
  const whole: Bundle = {
    trust_domain: bundle.trustDomain.name,
    x509_authorities: bundle.x509Authorities.map(({ certificate, tainted }) => ({ asn1: certificate, tainted })),
    jwt_authorities: bundle.jwtAuthorities.map(encodeJwtAuthority),
    refresh_hint: bundle.refreshHintSeconds,
    sequence_number: bundle.sequenceNumber.toString(),
    wit_authorities: [],
  };
  return applyMask(whole, mask, ['trust_domain']);
}

export function encodeJwtAuthority({ publicKey, keyId, expiresAt, tainted }: JwtAuthority): JWTKey {
  return {
    public_key: publicKey,
    key_id: keyId,
    expires_at: expiresAt === undefined ? '0' : encodeSeconds(expiresAt),
    tainted,
  };
}

/** What is published is never tainted. @throws `ERR_INVALID_ARGUMENT` */
export function decodeX509Authority({ asn1 }: X509Certificate__Output): X509Authority {
  const certificate = acceptable('asn1', () => Certificate.parse(asn1));
  // X509-SVID §5.2: whoever signs is a CA.
  if (!certificate.isCa) throw serverError('ERR_INVALID_ARGUMENT', 'asn1 is not the certificate of a CA');
  return { certificate: certificate.raw, tainted: false };
}

/** What is published is never tainted. @throws `ERR_INVALID_ARGUMENT` */
export function decodeJwtAuthority({ public_key: publicKey, key_id: keyId, expires_at }: JWTKey__Output): JwtAuthority {
  if (keyId === '') throw serverError('ERR_INVALID_ARGUMENT', 'missing key ID');
  if (Buffer.byteLength(keyId) > longestKeyId) {
    throw serverError('ERR_INVALID_ARGUMENT', `key_id is longer than ${longestKeyId} bytes`);
  }
  // JWT-SVID §2.1: no algorithm there takes Ed25519.
  if (acceptable('public_key', () => checkPublicKeyInfo(publicKey)) === 'ed25519') {
    throw serverError('ERR_INVALID_ARGUMENT', 'public_key is Ed25519; RSA or ECDSA is accepted');
  }
  acceptable('public_key', () => importPublicKey(publicKey));
  return { publicKey, keyId, expiresAt: decodeSeconds(expires_at, 'expires_at'), tainted: false };
}

function acceptable<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw serverError('ERR_INVALID_ARGUMENT', `${field}: ${(cause as Error).message}`, { cause });
  }
}
