// A watch of a bundle endpoint under a clock that the test moves.
import type { SpiffeBundle } from '@credence/sdk';
import { type SpiffeError } from '@credence/sdk';
import { watchBundle, type BundleEndpointProfile, type WatchBundleOptions } from '@credence/sdk/federation';
import { ManualClock, type FakeBundleEndpoint } from '@credence/sdk/testing';
import { until } from '../../support/until.js';

/** The limit of each fetch: no pause is as long as this, so that it shows a fetch under way. */
export const fetchLimitMs = 31_337;

export interface Failure {
  readonly error: SpiffeError;
  readonly retryInMs: number;
}

/** Takes every bundle as soon as it comes. */
export class Watching implements AsyncDisposable {
  readonly bundles: SpiffeBundle[] = [];
  readonly failures: Failure[] = [];
  readonly clock = new ManualClock(new Date());
  readonly #endpoint: FakeBundleEndpoint;
  readonly #end = new AbortController();
  readonly #ended: Promise<void>;

  constructor(
    trustDomain: string,
    endpoint: FakeBundleEndpoint,
    profile: BundleEndpointProfile,
    options: Partial<WatchBundleOptions> = {},
  ) {
    this.#endpoint = endpoint;
    this.#ended = this.#take(
      watchBundle(trustDomain, endpoint.url, {
        clock: this.clock,
        random: { bytes: (count) => Buffer.alloc(count), uniform: () => 0.5 },
        signal: this.#end.signal,
        timeoutMs: fetchLimitMs,
        onError: (error, retryInMs) => this.failures.push({ error, retryInMs }),
        ...options,
        ...profile,
      }),
    );
  }

  /** Waits until so many requests have been made and the watch sleeps; gives the milliseconds until the next. */
  async requests(count: number): Promise<number> {
    return until(`${count} requests and then a pause`, () => {
      const next = this.clock.nextDueMs;
      return this.#endpoint.requests.length === count && next !== fetchLimitMs ? next : undefined;
    });
  }

  /** Waits as `requests` does and goes on to the instant of the next request. */
  async next(count: number): Promise<void> {
    await this.clock.advance(await this.requests(count));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#ended;
  }

  async #take(bundles: AsyncIterable<SpiffeBundle>): Promise<void> {
    try {
      for await (const bundle of bundles) this.bundles.push(bundle);
    } catch (error) {
      if (error !== this.#end.signal.reason) throw error;
    }
  }
}
