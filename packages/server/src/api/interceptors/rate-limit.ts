// Rate limits for each client address on the TLS listener. A call over the limit waits its turn; it fails only when it
// asks for more than the limit ever allows, or when its deadline would pass first. The admin socket has no limit.
import { status } from '@grpc/grpc-js';
import type { Clock } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import type { Call } from '../call.js';
import type { ApiObserver } from '../observer.js';
import { TokenBucket } from './token-bucket.js';

/** Which limits hold; the others always do. */
export interface RateLimitSwitches {
  readonly attestation: boolean;
  readonly signing: boolean;
}

interface Limit {
  /** Methods with the same name share their buckets. */
  readonly name: string;
  readonly perSecond: number;
  /** The switch that turns the limit off; absent: always on. */
  readonly setting?: keyof RateLimitSwitches;
}

const signing: Limit = { name: 'x509', perSecond: 500, setting: 'signing' };

const limits: ReadonlyMap<string, Limit> = new Map<string, Limit>([
  ['/spire.api.server.agent.v1.Agent/AttestAgent', { name: 'attest', perSecond: 1, setting: 'attestation' }],
  ['/spire.api.server.agent.v1.Agent/RenewAgent', signing],
  ['/spire.api.server.agent.v1.Agent/PostStatus', { name: 'status', perSecond: 10 }],
  ['/spire.api.server.svid.v1.SVID/BatchNewX509SVID', signing],
  ['/spire.api.server.svid.v1.SVID/NewDownstreamX509CA', signing],
  ['/spire.api.server.svid.v1.SVID/NewJWTSVID', { name: 'jwt', perSecond: 500, setting: 'signing' }],
  ['/spire.api.server.bundle.v1.Bundle/PublishJWTAuthority', { name: 'publish', perSecond: 500 }],
]);

const idleMs = 120_000;

export interface RateLimitsOptions {
  readonly clock: Clock;
  readonly settings: RateLimitSwitches;
  readonly observer: Pick<ApiObserver, 'rateLimited'>;
}

export class RateLimits {
  readonly #clock: Clock;
  readonly #settings: RateLimitSwitches;
  readonly #observer: RateLimitsOptions['observer'];
  readonly #buckets = new Map<string, TokenBucket>();
  #swept: Date;

  constructor({ clock, settings, observer }: RateLimitsOptions) {
    this.#clock = clock;
    this.#settings = settings;
    this.#observer = observer;
    this.#swept = clock.now();
  }

  /**
   * Resolves when the call may go on.
   *
   * @throws StatusError RESOURCE_EXHAUSTED; `call.signal.reason` when the call ends while it waits
   */
  async take(call: Pick<Call, 'method' | 'connection' | 'signal' | 'deadline'>, cost: number): Promise<void> {
    const limit = limits.get(call.method);
    if (limit === undefined) throw new TypeError(`${call.method} has no rate limit`);
    if (call.connection.kind === 'local') return;
    if (limit.setting !== undefined && !this.#settings[limit.setting]) return;
    const now = this.#clock.now();
    const bucket = this.#bucket(`${limit.name} ${call.connection.address}`, limit, now);
    const waitMs = bucket.waitMs(cost, now);
    const refusal = refusalOf(bucket, cost, waitMs, call.deadline.getTime() - now.getTime());
    if (refusal !== undefined) this.#observer.rateLimited(limit.name, 'refused');
    else if (waitMs > 0) this.#observer.rateLimited(limit.name, 'delayed');
    if (refusal !== undefined) throw exhausted(refusal);
    bucket.take(cost);
    if (waitMs > 0) await this.#wait(waitMs, bucket, cost, call.signal);
  }

  async #wait(ms: number, bucket: TokenBucket, cost: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(ms, { signal, ref: false });
    } catch (error) {
      bucket.giveBack(cost);
      throw error;
    }
  }

  #bucket(key: string, { perSecond }: Limit, now: Date): TokenBucket {
    this.#sweep(now);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new TokenBucket(perSecond, now);
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  /** Forgets idle addresses, so that the map is bounded by the callers of the last minutes. */
  #sweep(now: Date): void {
    const horizon = now.getTime() - idleMs;
    if (this.#swept.getTime() > horizon) return;
    this.#swept = now;
    for (const [key, bucket] of this.#buckets) {
      if (bucket.updated.getTime() <= horizon) this.#buckets.delete(key);
    }
  }
}

function refusalOf({ burst }: TokenBucket, cost: number, waitMs: number, leftMs: number): string | undefined {
  if (cost > burst) return `rate (${cost}) exceeds burst size (${burst})`;
  return waitMs > leftMs ? 'rate limit would exceed the deadline' : undefined;
}

function exhausted(text: string): StatusError {
  return new StatusError(status.RESOURCE_EXHAUSTED, text);
}
