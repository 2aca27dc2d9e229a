// A node that answers the challenges of x509pop, honestly or not.
import { constants, randomBytes, sign, type KeyObject } from 'node:crypto';

interface ChallengeMessage {
  readonly rsa_signature: { readonly nonce: string } | null;
  readonly ecdsa_signature: { readonly nonce: string } | null;
}

export function payloadOf(chain: readonly Buffer[]): Buffer {
  return Buffer.from(JSON.stringify({ certificates: chain.map((der) => der.toString('base64')) }));
}

/** Signs whatever it is asked to, with this key and a nonce of this length. */
export function honestNode(key: KeyObject, nonceBytes = 32): (challenge: Uint8Array) => Promise<Buffer> {
  return (challenge) => {
    const message = JSON.parse(Buffer.from(challenge).toString()) as ChallengeMessage;
    const ours = randomBytes(nonceBytes);
    const theirs = Buffer.from((message.rsa_signature ?? message.ecdsa_signature)?.nonce ?? '', 'base64');
    return Promise.resolve(responseOf(key, ours, Buffer.concat([theirs, ours]), message.rsa_signature !== null));
  };
}

function responseOf(key: KeyObject, nonce: Buffer, signed: Buffer, isRsa: boolean): Buffer {
  if (isRsa) {
    const padding = key.asymmetricKeyType === 'rsa' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
    const signature = sign('sha256', signed, { key, ...padding });
    return json({ rsa_signature: { nonce: b64(nonce), signature: b64(signature) }, ecdsa_signature: null });
  }
  const signature = sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' });
  const [r, s] = [signature.subarray(0, signature.length / 2), signature.subarray(signature.length / 2)];
  return json({ ecdsa_signature: { nonce: b64(nonce), r: b64(trimmed(r)), s: b64(trimmed(s)) } });
}

/** As Go writes numbers: without leading zeros. */
function trimmed(integer: Buffer): Buffer {
  return integer.subarray(integer.findIndex((octet) => octet !== 0));
}

function b64(bytes: Buffer): string {
  return bytes.toString('base64');
}

export function json(message: unknown): Buffer {
  return Buffer.from(JSON.stringify(message));
}
