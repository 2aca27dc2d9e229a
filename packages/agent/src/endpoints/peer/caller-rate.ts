// How often a workload may call, or make the agent ask the server: a bucket of tokens for each, and a bound on what is
// under way.
import type { Clock } from '@credence/sdk/runtime';
import { agentError } from '../../domain/errors.js';
import { selectorKey, type Selector } from '../../domain/selector.js';

export interface CallerRateOptions {
  readonly clock: Clock;
  /** Whose rate it is, as callers are told: a gRPC method. */
  readonly method: string;
  /** Undefined: as many as come. */
  readonly perSecond: number | undefined;
  /** How many may come at a stroke; undefined: twice as many as in a second. */
  readonly burst?: number;
  /** How many may be under way; undefined: as many as come. */
  readonly atOnce?: number;
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
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: CallerRateOptions) {
    this.#options = options;
    this.#burst = options.burst ?? 2 * (options.perSecond ?? Infinity);
  }

  /** Takes one from the caller's bucket. What is returned says that it is done. @throws ERR_CALLER_RATE */
  take(caller: string): Disposable {
    const { method, atOnce = Infinity } = this.#options;
    const bucket = this.#bucketOf(caller);
    if (bucket.underWay >= atOnce || bucket.level < 1) {
      throw agentError('ERR_CALLER_RATE', `rate limit exceeded for ${method}: ${this.#accepted()}; try again later`);
    }
    bucket.level--;
    bucket.underWay++;
    return {
      [Symbol.dispose]: () => {
        bucket.underWay--;
      },
    };
  }

  #accepted(): string {
    const { perSecond, atOnce } = this.#options;
    if (perSecond === undefined) return `${atOnce ?? 0} at a time are accepted`;
    if (atOnce === undefined) return `${perSecond} a second are accepted`;
    return `${perSecond} new ones a second and ${atOnce} at a time are accepted`;
  }

  #bucketOf(caller: string): Bucket {
    const { clock } = this.#options;
    const now = clock.now().getTime();
    if (this.#buckets.size >= mostBuckets) this.#sweep(now);
    const known = this.#buckets.get(caller);
    const bucket = known ?? { level: this.#burst, at: now, underWay: 0 };
    bucket.level = this.#levelAt(bucket, now);
    bucket.at = now;
    if (known === undefined) this.#buckets.set(caller, bucket);
    return bucket;
  }

  // Whatever the clock does, no bucket loses anything by it.
  #levelAt({ level, at }: Bucket, now: number): number {
    const { perSecond = 0 } = this.#options;
    return Math.min(this.#burst, level + (Math.max(0, now - at) / 1000) * perSecond);
  }

  #sweep(now: number): void {
    for (const [caller, bucket] of this.#buckets) {
      const full = this.#levelAt(bucket, now) >= this.#burst;
      if (full && bucket.underWay === 0) this.#buckets.delete(caller);
    }
  }
}

/** Processes of the same selectors are one workload, in however many copies. */
export function callerKey(selectors: readonly Selector[]): string {
  return JSON.stringify([...new Set(selectors.map(selectorKey))].sort());
}
