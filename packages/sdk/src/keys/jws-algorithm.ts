// The signature algorithms of JWT-SVID §2.1, and which keys each may be used with (RFC 7518 §§3.3–3.5): an algorithm that
// a token names is never enough to choose how its signature is checked.
import type { KeyObject } from 'node:crypto';

// The type of the key; of an EC key, its curve as Node names it.
const keyTypes = {
  RS256: 'rsa',
  RS384: 'rsa',
  RS512: 'rsa',
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
  PS256: 'rsa',
  PS384: 'rsa',
  PS512: 'rsa',
} as const;

export type JwsAlgorithm = keyof typeof keyTypes;

/** All of JWT-SVID §2.1. */
export const jwsAlgorithms: readonly JwsAlgorithm[] = Object.freeze(Object.keys(keyTypes) as JwsAlgorithm[]);

/** JWT-SVID §2.1; names are case-sensitive (RFC 7515 §4.1.1). */
export function isJwsAlgorithm(name: unknown): name is JwsAlgorithm {
  return typeof name === 'string' && Object.hasOwn(keyTypes, name);
}

/** Whether signatures of this algorithm can be of this key. */
export function fitsJwsAlgorithm(key: KeyObject, algorithm: JwsAlgorithm): boolean {
  const type = key.asymmetricKeyType === 'ec' ? key.asymmetricKeyDetails?.namedCurve : key.asymmetricKeyType;
  return type === keyTypes[algorithm];
}
