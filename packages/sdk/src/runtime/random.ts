// Randomness as the rest of the code sees it.
import { randomBytes, randomInt } from 'node:crypto';

/** Where randomness comes from. */
export interface Random {
  /** `count` bytes from a cryptographic generator. */
  bytes(count: number): Buffer;
  /** A number in [0, 1), for jitter only. */
  uniform(): number;
}

/** The generator of the operating system. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  uniform: () => randomInt(2 ** 32) / 2 ** 32,
};
