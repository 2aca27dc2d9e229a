// A wait that somebody else can cut short.
import type { Clock } from '@credence/sdk/runtime';

export class Pause {
  readonly #clock: Clock;
  #cut = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after `ms` milliseconds, or as soon as `cut` is called after the last wait ended. @throws `signal.reason` */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    const cut = this.#cut.signal;
    try {
      if (!cut.aborted) await this.#clock.sleep(ms, { signal: AbortSignal.any([signal, cut]) });
    } catch (error) {
      signal.throwIfAborted();
      if (!cut.aborted) throw error;
    } finally {
      if (cut.aborted) this.#cut = new AbortController();
    }
    signal.throwIfAborted();
  }

  /** Ends the wait that is under way, or the next one. */
  cut(): void {
    this.#cut.abort();
  }
}
