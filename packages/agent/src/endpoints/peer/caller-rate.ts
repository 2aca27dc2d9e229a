// How often a workload may make the agent ask the server: a bucket of tokens for each, and a bound on what is under way.
import type { Clock } from '@credence/sdk/runtime';
import { agentError } from '../../domain/errors.js';

export interface CallerRateOptions {
  readonly clock: Clock;
  /** Whose rate it is, as callers are told: a gRPC method. */
  readonly method: string;
  /** Twice as many may come at a stroke. */
  readonly perSecond: number;
  readonly atOnce: number;
}

interface Bucket {
  /** As of `at`, in milliseconds since the epoch. */
  level: number;
  at: number;
  underWay: number;
}

// Full buckets are thrown away when there are so many.
const mostBuckets = 1024;

export class CallerRate {
  readonly #options: CallerRateOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: CallerRateOptions) {
    this.#options = options;
  }

  /** Takes one from the caller's bucket. What is returned says that it is done. @throws ERR_CALLER_RATE */
  take(caller: string): Disposable {
    const { method, perSecond, atOnce } = this.#options;
    const bucket = this.#bucketOf(caller);
    if (bucket.underWay >= atOnce || bucket.level < 1) {
      const accepted = `${perSecond} new ones a second and ${atOnce} at a time are accepted`;
      throw agentError('ERR_CALLER_RATE', `rate limit exceeded for ${method}: ${accepted}; try again later`);
    }
    bucket.level--;
    bucket.underWay++;
    return {
      [Symbol.dispose]: () => {
        bucket.underWay--;
      },
    };
  }

  #bucketOf(caller: string): Bucket {
    const { clock, perSecond } = this.#options;
    const now = clock.now().getTime();
    if (this.#buckets.size >= mostBuckets) this.#sweep(now);
    const known = this.#buckets.get(caller);
    const bucket = known ?? { level: 2 * perSecond, at: now, underWay: 0 };
    bucket.level = this.#levelAt(bucket, now);
    bucket.at = now;
    if (known === undefined) this.#buckets.set(caller, bucket);
    return bucket;
  }

  // Whatever the clock does, no bucket loses anything by it.
  #levelAt({ level, at }: Bucket, now: number): number {
    const { perSecond } = this.#options;
    return Math.min(2 * perSecond, level + (Math.max(0, now - at) / 1000) * perSecond);
  }

  #sweep(now: number): void {
    for (const [caller, bucket] of this.#buckets) {
      const full = this.#levelAt(bucket, now) >= 2 * this.#options.perSecond;
      if (full && bucket.underWay === 0) this.#buckets.delete(caller);
    }
  }
}
