// Random UUIDs (RFC 9562 §5.4), from the injected randomness.
import type { Random } from '@credence/sdk/runtime';

/** A UUID of version 4, lower case. */
export function randomUuid(random: Random): string {
  return randomUuidBytes(random)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** The 16 bytes of a UUID of version 4. */
export function randomUuidBytes(random: Random): Buffer {
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40; // RFC 9562 §4.2: version
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80; // RFC 9562 §4.1: variant
  return bytes;
}
