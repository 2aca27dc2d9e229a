// One look at the health for everybody who asks: a probe costs a connection, and anybody may ask.
import type { Clock } from '@credence/sdk/runtime';
import type { Health } from './health.js';

/** Whether the Workload API answers; false when it could not be found out before the signal aborted. */
export type HealthProbe = (signal: AbortSignal) => Promise<boolean>;

const longestProbeMs = 5000;
const freshMs = 1000;

/** One probe at a time, of 5 s at most; what it found is good for a second. A probe that fails is a no. */
export function sharedProbe(probe: HealthProbe, clock: Clock): Health {
  let latest: Promise<boolean> | undefined;
  let freshUntil: Date | undefined; // undefined: still under way
  return () => {
    if (latest !== undefined && (freshUntil === undefined || clock.now() < freshUntil)) return latest;
    freshUntil = undefined;
    latest = withinTime(probe, clock).finally(() => {
      freshUntil = new Date(clock.now().getTime() + freshMs);
    });
    return latest;
  };
}

async function withinTime(probe: HealthProbe, clock: Clock): Promise<boolean> {
  const [tooLate, done] = [new AbortController(), new AbortController()];
  const limit = clock.sleep(longestProbeMs, { signal: done.signal, ref: false }).then(
    () => {
      tooLate.abort();
      return false;
    },
    () => false,
  );
  try {
    return await Promise.race([probe(tooLate.signal), limit]);
  } catch {
    return false;
  } finally {
    done.abort();
  }
}
