// Bytes that only the holder of a private key can read or could have written: AES-256-GCM under a key that is derived
// from it (HKDF, RFC 5869). Each sealing has a salt, and so a key, of its own.
import { createCipheriv, createDecipheriv, createPrivateKey, hkdfSync } from 'node:crypto';
import type { Random } from '@credence/sdk/runtime';

const algorithm = 'aes-256-gcm';
const purpose = 'credence agent: workload identities';
const [saltBytes, nonceBytes, tagBytes, keyBytes] = [32, 12, 16, 32];

/** @param privateKey PKCS#8 DER. @param label what goes with the content in clear and cannot be changed either. */
export function seal(privateKey: Buffer, label: string, content: Buffer, random: Random): Buffer {
  const [salt, nonce] = [random.bytes(saltBytes), random.bytes(nonceBytes)];
  const cipher = createCipheriv(algorithm, derivedKey(privateKey, salt), nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(label));
  return Buffer.concat([salt, nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** @returns undefined when it was not sealed with this key and label, or was changed since. */
export function unseal(privateKey: Buffer, label: string, sealed: Buffer): Buffer | undefined {
  if (sealed.length < saltBytes + nonceBytes + tagBytes) return undefined;
  const salt = sealed.subarray(0, saltBytes);
  const nonce = sealed.subarray(saltBytes, saltBytes + nonceBytes);
  const decipher = createDecipheriv(algorithm, derivedKey(privateKey, salt), nonce, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(label));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(saltBytes + nonceBytes, -tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

// The private number itself: how PKCS#8 spells a key may differ from one release of OpenSSL to the next.
function derivedKey(privateKey: Buffer, salt: Buffer): Uint8Array {
  const { d = '' } = createPrivateKey({ key: privateKey, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' });
  if (d === '') throw new TypeError('not the private key of a key pair');
  return new Uint8Array(hkdfSync('sha256', Buffer.from(d, 'base64url'), salt, purpose, keyBytes));
}
