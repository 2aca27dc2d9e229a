// The key IDs of JWT authorities: random, so that no two servers of a trust domain make the same one.
import type { Random } from '@credence/sdk/runtime';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const length = 32;
// Beyond it the first letters would be likelier than the last.
const fair = 256 - (256 % alphabet.length);

/** 32 letters and digits. */
export function createKeyId(random: Random): string {
  let id = '';
  while (id.length < length) {
    const octets = [...random.bytes(length)].filter((octet) => octet < fair);
    for (const octet of octets) id += alphabet.charAt(octet % alphabet.length);
  }
  return id.slice(0, length);
}
