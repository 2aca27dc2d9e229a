// Public keys as JSON Web Keys (RFC 7517, RFC 7518 §6): EC and RSA, the types that JWT-SVID §2.1 signs with. What comes
// out has passed checkPublicKeyInfo, however the JWK spelt it.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { sdkError } from '../runtime/index.js';
import { decodeBase64Url, type JsonObject } from '../json/index.js';
import { checkPublicKeyInfo, publicKeyInfoOf } from './public-key-info.js';

/** The members of a public key, and no others. */
export type PublicJwk = Readonly<Record<string, string>> & { readonly kty: string };

// RFC 7518 §§6.2.2, 6.3.2, 6.4
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

// RFC 7518 §6.2.1.2: a coordinate has the full length of its curve.
const coordinateBytes: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
]);

/**
 * The public key of a JWK.
 *
 * @throws SpiffeError `ERR_SPIFFE_KEY`: another type or curve, private members, or no valid key; the message carries
 * nothing of the key.
 */
export function importJwk(jwk: JsonObject): KeyObject {
  if (privateMembers.some((member) => Object.hasOwn(jwk, member))) throw refused('carries private key members');
  const key = decode(publicMembers(jwk));
  checkPublicKeyInfo(publicKeyInfoOf(key));
  return key;
}

/** The members of a public key; of a private key, those of its public half. */
export function publicJwkOf(key: KeyObject): PublicJwk {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ format: 'jwk' }) as PublicJwk;
}

function publicMembers(jwk: JsonObject): PublicJwk {
  if (jwk['kty'] === 'EC') {
    const length = coordinateBytes.get(jwk['crv']);
    if (length === undefined) throw refused('has an EC curve other than P-256, P-384 and P-521');
    return { kty: 'EC', crv: String(jwk['crv']), x: bytes(jwk, 'x', length), y: bytes(jwk, 'y', length) };
  }
  if (jwk['kty'] === 'RSA') return { kty: 'RSA', n: bytes(jwk, 'n'), e: bytes(jwk, 'e') };
  throw refused('has a "kty" other than EC and RSA');
}

function bytes(jwk: JsonObject, name: string, length?: number): string {
  const text = jwk[name];
  const decoded = typeof text === 'string' ? decodeBase64Url(text) : undefined;
  if (typeof text !== 'string' || decoded === undefined || decoded.length === 0) {
    throw refused(`has no "${name}" in base64url`);
  }
  if (length !== undefined && decoded.length !== length) throw refused(`has a "${name}" of other than ${length} bytes`);
  return text;
}

// What OpenSSL has to say about a bad key is dropped, as for private keys.
function decode(jwk: PublicJwk): KeyObject {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    throw refused('is not a valid key of its type');
  }
}

function refused(problem: string): Error {
  return sdkError('ERR_SPIFFE_KEY', `JSON Web Key ${problem}`);
}
