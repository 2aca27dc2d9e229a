// The signature algorithm of JWT-SVIDs (JWT-SVID §2.1, RFC 7518 §3.1) that goes with a key.
import type { KeyObject } from 'node:crypto';

export interface JwtAlgorithm {
  /** The value of `alg`. */
  readonly name: 'ES256' | 'ES384' | 'RS256';
  readonly hash: 'sha256' | 'sha384';
}

const es256: JwtAlgorithm = { name: 'ES256', hash: 'sha256' };
const es384: JwtAlgorithm = { name: 'ES384', hash: 'sha384' };
const rs256: JwtAlgorithm = { name: 'RS256', hash: 'sha256' };

/** @throws TypeError for a key that the key manager does not make. */
export function jwtAlgorithmOf(key: KeyObject): JwtAlgorithm {
  if (key.asymmetricKeyType === 'rsa') return rs256;
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'prime256v1') return es256;
  if (curve === 'secp384r1') return es384;
  throw new TypeError(`a key of type ${key.asymmetricKeyType ?? key.type} does not sign JWT-SVIDs here`);
}
