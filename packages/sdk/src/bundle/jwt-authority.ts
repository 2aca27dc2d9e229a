// A JWT authority as a JSON Web Key (JWT-SVID §6).
import type { KeyObject } from 'node:crypto';
import type { JsonObject } from '../json/index.js';
import { fitsJwsAlgorithm, importJwk, isJwsAlgorithm, publicJwkOf, type JwsAlgorithm } from '../keys/index.js';
import { unusable } from './jwk-set.js';

/** A key that signs JWT-SVIDs. */
export interface JwtAuthority {
  /** What tokens name it by ("kid"); not empty. */
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** The only algorithm that it may be used with; absent: every one that fits the key. */
  readonly algorithm?: JwsAlgorithm;
}

/**
 * A JWT authority from its JWK, whatever its "use".
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE`, `ERR_SPIFFE_KEY`
 */
export function readJwtAuthority(entry: JsonObject): JwtAuthority {
  const { kid: keyId, alg: algorithm, key_ops: operations } = entry;
  if (typeof keyId !== 'string' || keyId === '') throw unusable('expected a "kid" (JWT-SVID §6.1)');
  const publicKey = importJwk(entry);
  // RFC 7517 §§4.3, 4.4: a key is for what it says, and for nothing else.
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw unusable('its "key_ops" lack "verify"');
  }
  if (algorithm === undefined) return { keyId, publicKey };
  if (!isJwsAlgorithm(algorithm) || !fitsJwsAlgorithm(publicKey, algorithm)) {
    throw unusable('its "alg" is none of JWT-SVID §2.1 or does not fit the key');
  }
  return { keyId, publicKey, algorithm };
}

/** The JWK of an authority, without "use". */
export function jwtJwkOf({ keyId, publicKey, algorithm }: JwtAuthority): Record<string, string> {
  return { ...publicJwkOf(publicKey), kid: keyId, ...(algorithm === undefined ? {} : { alg: algorithm }) };
}
