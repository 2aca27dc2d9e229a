// Time as the rest of the code sees it: what the hour is, and waiting. Everything that waits does so through a Clock,
// so that a test can move a day in a millisecond.

/** Where time comes from. */
export interface Clock {
  /** The current instant. */
  now(): Date;
  /**
   * Resolves after `ms` milliseconds.
   *
   * @throws `signal.reason` as soon as the signal aborts.
   */
  sleep(ms: number, options?: SleepOptions): Promise<void>;
}

export interface SleepOptions {
  readonly signal?: AbortSignal | undefined;
  /** False: the wait does not keep the process alive. Default true. */
  readonly ref?: boolean;
}

// setTimeout turns a longer delay into 1 ms.
const longestDelayMs = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(ms, options = {}) {
    // NaN, as of a setting that was misread, is no wait: it must not become one without end.
    for (let left = Math.max(0, ms || 0); ; left -= longestDelayMs) {
      await wait(Math.min(left, longestDelayMs), options);
      if (left <= longestDelayMs) return;
    }
  },
};

function wait(ms: number, { signal, ref = true }: SleepOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = (): void => {
      // Node keeps the list of an unreferenced timer, one for each duration, until the timer would have been due.
      clearTimeout(timer.ref());
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (!ref) timer.unref();
    signal?.addEventListener('abort', abort, { once: true });
  });
}
