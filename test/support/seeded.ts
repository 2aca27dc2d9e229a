// Randomness for tests that look for what nobody thought of: each run differs, and a failure says how to repeat it.

/** Numbers that follow from a seed (mulberry32). */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** One of several. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/** Runs with the seed of CREDENCE_TEST_SEED, or a new one; a failure names it. */
export async function seeded(run: (random: SeededRandom) => Promise<void>): Promise<void> {
  const seed = Number(process.env['CREDENCE_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
  try {
    await run(new SeededRandom(seed));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`CREDENCE_TEST_SEED=${seed}: ${text}`, { cause: error });
  }
}
