// How long to wait before the next attempt: exponential, capped, with jitter, reset by success.
import type { Random } from './random.js';

export interface BackoffOptions {
  /** The first wait. */
  readonly initialMs: number;
  readonly factor: number;
  /** No wait is longer. */
  readonly maxMs: number;
  /** Each wait is shortened by up to this share of itself, at random (0.2: by up to 20 %). */
  readonly jitter: number;
}

/** A sequence of waits. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: Random;
  #nextMs: number;

  constructor(options: BackoffOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#nextMs = options.initialMs;
  }

  /** Milliseconds to wait before the next attempt; each call grows the one after it. */
  next(): number {
    const { factor, maxMs, jitter } = this.#options;
    const step = Math.min(this.#nextMs, maxMs);
    this.#nextMs = Math.min(step * factor, maxMs);
    return step * (1 - jitter * this.#random.uniform());
  }

  /** Starts over, after a success. */
  reset(): void {
    this.#nextMs = this.#options.initialMs;
  }
}
