// Proof that a node holds the key of its certificate: it signs a nonce of ours together with one of its own.
import { constants, verify, type KeyObject } from 'node:crypto';
import type { Random } from '@credence/sdk/runtime';
import type { Challenge } from '../node-attestor.js';
import { decodeResponse, encodeChallenge, type KeyKind, type Response } from './messages.js';
import { refused } from './refusal.js';

const nonceBytes = 32;

/** @throws `ERR_INVALID_ARGUMENT`, `ERR_NODE_PROOF` */
export async function provePossession(key: KeyObject, challenge: Challenge, random: Random): Promise<void> {
  const kind = kindOf(key);
  const nonce = random.bytes(nonceBytes);
  const response = decodeResponse(await challenge(encodeChallenge(kind, nonce)));
  if (!isSignature(kind, key, nonce, response)) throw refused('challenge response verification failed');
}

function kindOf({ asymmetricKeyType: type }: KeyObject): KeyKind {
  if (type === 'rsa') return 'rsa';
  if (type === 'ec') return 'ecdsa';
  throw refused(`unsupported public key type ${String(type)}; RSA and ECDSA are taken`);
}

// The digest is SHA-256 whatever the key: it is over the two nonces, ours first.
function isSignature(kind: KeyKind, key: KeyObject, ours: Buffer, response: Response): boolean {
  const { rsa_signature: rsa, ecdsa_signature: ecdsa } = response;
  const theirs = (kind === 'rsa' ? rsa : ecdsa)?.nonce;
  if (theirs?.length !== nonceBytes) return false;
  const signed = Buffer.concat([ours, theirs]);
  if (kind === 'rsa') {
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_AUTO: saltLength } = constants;
    return rsa !== null && rsa !== undefined && verify('sha256', signed, { key, padding, saltLength }, rsa.signature);
  }
  const signature = ecdsa && joined(ecdsa, key);
  return Buffer.isBuffer(signature) && verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
}

const coordinateBytes: Readonly<Record<string, number>> = { prime256v1: 32, secp384r1: 48, secp521r1: 66 };

/** r and s in the length of the curve's order; undefined when one is longer. */
function joined({ r, s }: { readonly r: Buffer; readonly s: Buffer }, key: KeyObject): Buffer | undefined {
  const length = coordinateBytes[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 0;
  const parts = [r, s].map((integer) => padded(integer, length)).filter((part) => part !== undefined);
  return parts.length === 2 ? Buffer.concat(parts) : undefined;
}

function padded(integer: Buffer, length: number): Buffer | undefined {
  const first = integer.findIndex((octet) => octet !== 0);
  const digits = first === -1 ? Buffer.alloc(0) : integer.subarray(first);
  return digits.length > length ? undefined : Buffer.concat([Buffer.alloc(length - digits.length), digits]);
}
