// SubjectPublicKeyInfo (RFC 5280 §4.1.2.7): which public keys are accepted, and what is computed from one. Everything
// takes the DER, because that is what certificates and requests carry.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { DerReader, Oid, Tag } from '../der/index.js';
import { sdkError } from '../runtime/index.js';

/** What a public key is good for: the signature algorithms of its kind. */
export type PublicKeyKind = 'p-256' | 'p-384' | 'p-521' | 'rsa' | 'ed25519';

const accepted = 'accepted are P-256, P-384 and P-521, RSA of 2048 to 8192 bits, and Ed25519';
const longestKeyInfo = 2048;
const smallestRsaBits = 2048;
// A larger modulus costs every verifier milliseconds that the sender chooses.
const largestRsaBits = 8192;

const curves: Readonly<Record<string, { kind: PublicKeyKind; coordinateBytes: number }>> = {
  [Oid.p256]: { kind: 'p-256', coordinateBytes: 32 },
  [Oid.p384]: { kind: 'p-384', coordinateBytes: 48 },
  [Oid.p521]: { kind: 'p-521', coordinateBytes: 66 },
};

/** Algorithm, curve, bit string and the mark of an uncompressed point: what every P-256 key starts with. */
const p256Prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');
const p256Length = p256Prefix.length + 64;

/**
 * Checks encoding, algorithm and strength, without importing the key.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`, `ERR_SPIFFE_KEY`
 */
export function checkPublicKeyInfo(publicKeyInfo: Uint8Array): PublicKeyKind {
  if (isPlainP256(publicKeyInfo)) return 'p-256';
  if (publicKeyInfo.length > longestKeyInfo) throw refused(`is longer than ${longestKeyInfo} bytes`);
  const { algorithm, parameters, bits } = parse(publicKeyInfo);
  if (algorithm === Oid.ecPublicKey) return checkEcKey(parameters, bits);
  if (algorithm === Oid.rsaEncryption) return checkRsaKey(parameters, bits);
  if (algorithm === Oid.ed25519) return checkEd25519Key(parameters, bits);
  throw refused(`has the algorithm ${algorithm}`);
}

/**
 * The key as Node knows it, after `checkPublicKeyInfo`.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`, `ERR_SPIFFE_KEY`: also when a point is not on its curve.
 */
export function importPublicKey(publicKeyInfo: Uint8Array): KeyObject {
  checkPublicKeyInfo(publicKeyInfo);
  try {
    return isPlainP256(publicKeyInfo) ? importP256(publicKeyInfo) : importDer(publicKeyInfo);
  } catch (cause) {
    throw sdkError('ERR_SPIFFE_KEY', 'public key is not a valid key of its algorithm', { cause });
  }
}

/** SubjectPublicKeyInfo, DER, of a key; of a private key: of its public half. */
export function publicKeyInfoOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' });
}

/**
 * The key identifier of RFC 5280 §4.2.1.2 (1): SHA-1 over the bits of the public key; or that of RFC 7093 §2 (1): the
 * first 160 bits of SHA-256.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`
 */
export function subjectKeyId(publicKeyInfo: Uint8Array, hash: 'sha1' | 'sha256' = 'sha1'): Buffer {
  const bits = isPlainP256(publicKeyInfo) ? publicKeyInfo.subarray(p256Prefix.length - 1) : parse(publicKeyInfo).bits;
  return createHash(hash).update(bits).digest().subarray(0, 20);
}

function isPlainP256(publicKeyInfo: Uint8Array): boolean {
  return publicKeyInfo.length === p256Length && p256Prefix.compare(publicKeyInfo, 0, p256Prefix.length) === 0;
}

// OpenSSL 3.0 needs as long to decode a SubjectPublicKeyInfo as to verify a signature; a JWK is imported directly.
function importP256(publicKeyInfo: Uint8Array): KeyObject {
  const point = Buffer.from(publicKeyInfo.buffer, publicKeyInfo.byteOffset + p256Prefix.length, 64);
  const [x, y] = [point.toString('base64url', 0, 32), point.toString('base64url', 32)];
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
}

function importDer(publicKeyInfo: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' });
}

interface Parts {
  readonly algorithm: string;
  readonly parameters: DerReader;
  readonly bits: Buffer;
}

function parse(publicKeyInfo: Uint8Array): Parts {
  const outer = DerReader.over(publicKeyInfo);
  const info = outer.enter(Tag.sequence, 'public key');
  outer.end('public key');
  const parameters = info.enter(Tag.sequence, 'public key algorithm');
  const algorithm = parameters.objectIdentifier('public key algorithm');
  const bits = info.octetAlignedBits('public key bits');
  info.end('public key');
  return { algorithm, parameters, bits };
}

function checkEcKey(parameters: DerReader, bits: Buffer): PublicKeyKind {
  // RFC 5480 §2.1.1: a named curve only; explicit parameters let the sender choose the group.
  if (!parameters.isNext(Tag.objectIdentifier)) throw refused('has no named curve');
  const oid = parameters.objectIdentifier('public key curve');
  parameters.end('public key algorithm');
  const curve = Object.hasOwn(curves, oid) ? curves[oid] : undefined;
  if (curve === undefined) throw refused(`has the curve ${oid}`);
  if (bits[0] !== 4 || bits.length !== 1 + 2 * curve.coordinateBytes) throw refused('is not an uncompressed point');
  return curve.kind;
}

function checkRsaKey(parameters: DerReader, bits: Buffer): PublicKeyKind {
  const { content } = parameters.expect(Tag.null, 'public key algorithm parameters'); // RFC 3279 §2.3.1
  if (content.length !== 0) throw refused('has algorithm parameters');
  parameters.end('public key algorithm');
  const outer = DerReader.over(bits);
  const key = outer.enter(Tag.sequence, 'RSA public key');
  outer.end('RSA public key');
  const modulusBytes = key.integer('RSA modulus');
  const modulus = bitLength(modulusBytes);
  const exponent = key.smallInteger('RSA exponent');
  key.end('RSA public key');
  if (modulus < smallestRsaBits || modulus > largestRsaBits) throw refused(`is RSA of ${modulus} bits`);
  if ((modulusBytes.at(-1) ?? 0) % 2 === 0) throw refused('has an even RSA modulus');
  if (exponent < 3 || exponent % 2 === 0) throw refused('has an RSA exponent that is even or below 3');
  return 'rsa';
}

function checkEd25519Key(parameters: DerReader, bits: Buffer): PublicKeyKind {
  parameters.end('public key algorithm'); // RFC 8410 §3
  if (bits.length !== 32) throw refused('is not an Ed25519 key of 32 bytes');
  return 'ed25519';
}

function bitLength(integer: Buffer): number {
  const [first = 0, second = 0] = integer;
  if (first >= 0x80) return 0;
  return first === 0
    ? (integer.length - 2) * 8 + (32 - Math.clz32(second))
    : (integer.length - 1) * 8 + (32 - Math.clz32(first));
}

function refused(problem: string): Error {
  return sdkError('ERR_SPIFFE_KEY', `public key ${problem}; ${accepted}`);
}
