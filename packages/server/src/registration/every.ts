// The beat of a background job.
import type { Clock } from '@credence/sdk/runtime';

/** Does the work after each interval, one at a time, until the signal aborts. Does not keep the process alive. */
export async function every(
  intervalMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  work: () => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      await clock.sleep(intervalMs, { signal, ref: false });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await work();
  }
}
