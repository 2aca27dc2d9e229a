// When certificates begin and end. Certificate times have no fractions, so neither do ours: what the APIs say is what
// the certificate says.

/** NotBefore lies this much in the past, for verifiers whose clocks are behind. */
const backdateMs = 10_000;

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** From 10 seconds before `now` to `ttlMs` after it, at most until `latest`. */
export function createValidity(now: Date, ttlMs: number, latest?: Date): Validity {
  const end = now.getTime() + ttlMs;
  return {
    notBefore: wholeSeconds(now.getTime() - backdateMs),
    notAfter: wholeSeconds(latest === undefined ? end : Math.min(end, latest.getTime())),
  };
}

function wholeSeconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
