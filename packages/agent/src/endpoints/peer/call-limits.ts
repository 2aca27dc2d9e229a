// How often a workload may call, method by method.
import type { Clock } from '@credence/sdk/runtime';
import type { LimitedCall, RateLimits } from '../../domain/rate-limits.js';
import type { Selector } from '../../domain/selector.js';
import { callerKey, CallerRate, type CallerRateOptions } from './caller-rate.js';
import { callsAtAStroke, callsPerSecond, newJwtSvidsPerSecond } from './limits.js';
import type { Peer } from './peer.js';

export interface CallLimitsOptions {
  readonly clock: Clock;
  readonly rateLimits: RateLimits;
}

const methods: Readonly<Record<LimitedCall, string>> = {
  fetchX509Svid: '/SpiffeWorkloadAPI/FetchX509SVID',
  fetchX509Bundles: '/SpiffeWorkloadAPI/FetchX509Bundles',
  fetchJwtSvid: '/SpiffeWorkloadAPI/FetchJWTSVID',
  fetchJwtBundles: '/SpiffeWorkloadAPI/FetchJWTBundles',
  streamSecrets: '/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets',
  fetchSecrets: '/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets',
};

export class CallLimits {
  /** New JWT-SVIDs a second for a workload; undefined: the operator has said how often it may call. */
  readonly newJwtSvidsPerSecond: number | undefined;
  readonly #rates: ReadonlyMap<LimitedCall, CallerRate>;

  constructor({ clock, rateLimits }: CallLimitsOptions) {
    this.newJwtSvidsPerSecond = rateLimits.fetchJwtSvid === undefined ? newJwtSvidsPerSecond : undefined;
    const calls = Object.keys(methods) as LimitedCall[];
    this.#rates = new Map(
      calls.flatMap((call) => {
        const rate = rateOf(call, rateLimits[call]);
        return rate === undefined ? [] : [[call, new CallerRate({ clock, method: methods[call], ...rate })]];
      }),
    );
  }

  /**
   * Counts a call of an attested caller. The agent's own, by which it learns whether it is healthy, do not count.
   *
   * @throws ERR_CALLER_RATE
   */
  check(call: LimitedCall, peer: Pick<Peer, 'pid'>, selectors: readonly Selector[]): void {
    if (peer.pid === process.pid) return;
    this.#rates.get(call)?.take(callerKey(selectors))[Symbol.dispose]();
  }
}

function rateOf(
  call: LimitedCall,
  limit: number | undefined,
): Pick<CallerRateOptions, 'perSecond' | 'burst'> | undefined {
  if (limit !== undefined) return limit === 0 ? undefined : { perSecond: limit, burst: limit };
  // What the cache answers costs nothing, and new JWT-SVIDs are counted where they are asked for.
  return call === 'fetchJwtSvid' ? undefined : { perSecond: callsPerSecond, burst: callsAtAStroke };
}
