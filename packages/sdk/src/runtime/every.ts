// Work that comes round: a pause, then the work, again and again until the signal aborts. A round that fails is logged
// and the next one comes all the same.
import type { Clock } from './clock.js';
import type { Logger } from './logger.js';

export interface Routine {
  /** For the log. */
  readonly name: string;
  readonly intervalMs: number;
  /** Whether the first round comes without a pause before it. */
  readonly atOnce?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Does `work` after each interval, one round at a time, without keeping the process alive. Resolves once the signal has
 * aborted and the last round is over.
 */
export async function every(
  { name, intervalMs, atOnce = false, clock, log, signal }: Routine,
  work: () => Promise<void>,
): Promise<void> {
  let isDue = atOnce;
  while (!signal.aborted) {
    try {
      if (!isDue) await clock.sleep(intervalMs, { signal, ref: false });
      isDue = false;
      await work();
    } catch (error) {
      if (error !== signal.reason) log.error({ routine: name, err: error }, 'a routine failed');
    }
  }
}
