// The signature algorithms that are made and accepted (RFC 5758, RFC 8017, RFC 8410): ECDSA, RSA PKCS#1 v1.5 and
// Ed25519 with SHA-2. Nothing else verifies, SHA-1 and MD5 in particular.
import { sign, verify, type KeyObject } from 'node:crypto';
import { DerWriter, encodeOid, Oid, Tag } from '../der/index.js';
import { sdkError } from '../runtime/index.js';

export interface SignatureAlgorithm {
  readonly name: string;
  readonly keyType: 'ec' | 'rsa' | 'ed25519';
  /** Null: the algorithm brings its own. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  /** AlgorithmIdentifier, DER. */
  readonly der: Buffer;
}

const ecdsaSha256 = algorithm('ECDSA-SHA256', 'ec', 'sha256', Oid.ecdsaWithSha256);
const ecdsaSha384 = algorithm('ECDSA-SHA384', 'ec', 'sha384', Oid.ecdsaWithSha384);
const ecdsaSha512 = algorithm('ECDSA-SHA512', 'ec', 'sha512', Oid.ecdsaWithSha512);
const rsaSha256 = algorithm('SHA256-RSA', 'rsa', 'sha256', Oid.sha256WithRsa);
const rsaSha384 = algorithm('SHA384-RSA', 'rsa', 'sha384', Oid.sha384WithRsa);
const rsaSha512 = algorithm('SHA512-RSA', 'rsa', 'sha512', Oid.sha512WithRsa);
const ed25519 = algorithm('Ed25519', 'ed25519', null, Oid.ed25519);

const byDer = new Map(
  [ecdsaSha256, ecdsaSha384, ecdsaSha512, rsaSha256, rsaSha384, rsaSha512, ed25519].map((a) => [
    a.der.toString('hex'),
    a,
  ]),
);

/** The algorithm of an AlgorithmIdentifier in DER, or undefined when it is not accepted. */
export function findSignatureAlgorithm(algorithmIdentifier: Buffer): SignatureAlgorithm | undefined {
  return byDer.get(algorithmIdentifier.toString('hex'));
}

/**
 * The algorithm with which a key signs: the hash matches the strength of the curve.
 *
 * @throws SpiffeError `ERR_SPIFFE_KEY`
 */
export function signatureAlgorithmOf(key: KeyObject): SignatureAlgorithm {
  switch (key.asymmetricKeyType) {
    case 'ec':
      return ecdsaOf(key.asymmetricKeyDetails?.namedCurve);
    case 'rsa':
      return rsaSha256;
    case 'ed25519':
      return ed25519;
    default:
      throw sdkError('ERR_SPIFFE_KEY', `a key of type ${key.asymmetricKeyType ?? key.type} does not sign certificates`);
  }
}

/** Signs, synchronously. */
export function signBytes(bytes: Uint8Array, key: KeyObject): Buffer {
  return sign(signatureAlgorithmOf(key).hash, bytes, key);
}

/** Whether the signature is by this key under this algorithm; false when the key is of another type. */
export function isSignature(
  bytes: Uint8Array,
  signature: Uint8Array,
  algorithm: SignatureAlgorithm,
  publicKey: KeyObject,
): boolean {
  if (publicKey.asymmetricKeyType !== algorithm.keyType) return false;
  return verify(algorithm.hash, bytes, publicKey, signature);
}

function ecdsaOf(curve: string | undefined): SignatureAlgorithm {
  if (curve === 'prime256v1') return ecdsaSha256;
  if (curve === 'secp384r1') return ecdsaSha384;
  if (curve === 'secp521r1') return ecdsaSha512;
  throw sdkError('ERR_SPIFFE_KEY', `a key on the curve ${curve ?? 'without a name'} does not sign certificates`);
}

function algorithm(
  name: string,
  keyType: SignatureAlgorithm['keyType'],
  hash: SignatureAlgorithm['hash'],
  oid: string,
): SignatureAlgorithm {
  const writer = new DerWriter(32);
  if (keyType === 'rsa') writer.primitive(Tag.null, Buffer.alloc(0)); // RFC 4055 §5
  writer.primitive(Tag.objectIdentifier, encodeOid(oid));
  writer.header(Tag.sequence, 0);
  return { name, keyType, hash, der: writer.finish() };
}
