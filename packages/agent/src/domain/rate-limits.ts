// How often the callers of one set of selectors may call, as the operator wants it.

/** Calls that are counted, each for itself; a stream counts when it is opened. */
export type LimitedCall =
  'fetchX509Svid' | 'fetchX509Bundles' | 'fetchJwtSvid' | 'fetchJwtBundles' | 'streamSecrets' | 'fetchSecrets';

/** Calls a second, and at a stroke; 0: without a limit; undefined: what the agent finds sensible. */
export type RateLimits = Readonly<Record<LimitedCall, number | undefined>>;
