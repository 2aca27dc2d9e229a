// Serial numbers: positive, unpredictable, of at most 16 bytes (RFC 5280 §4.1.2.2 allows 20).
import type { Random } from '@credence/sdk/runtime';

const bytes = 16;

/** A random number from 1 to 2^128 - 1, big-endian. */
export function createSerialNumber(random: Random): Buffer {
  for (;;) {
    const serialNumber = random.bytes(bytes);
    if (serialNumber.some((octet) => octet !== 0)) return serialNumber;
  }
}

/** As the APIs show it. */
export function decimalSerialNumber(serialNumber: Buffer): string {
  return BigInt(`0x${serialNumber.toString('hex')}`).toString();
}
