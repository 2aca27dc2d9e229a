// Work that comes round: done, then a pause, then done again, until the signal aborts. A round that fails is logged and
// the next one comes all the same.
import type { Clock, Logger } from '@credence/sdk/runtime';

export interface Routine {
  /** For the log. */
  readonly name: string;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Does `work` after each interval; resolves once the signal has aborted and the last round is over. */
export async function every(
  { name, intervalMs, clock, log, signal }: Routine,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await clock.sleep(intervalMs, { signal, ref: false });
      await work();
    } catch (error) {
      if (error !== signal.reason) log.error({ routine: name, error }, 'a routine of the certificate authority failed');
    }
  }
}
