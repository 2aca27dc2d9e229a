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
    const cut = this.#cut;
    const end = (): void => {
      cut.abort();
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      signal.throwIfAborted();
      if (!cut.signal.aborted) await this.#clock.sleep(ms, { signal: cut.signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!cut.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', end);
      if (cut.signal.aborted) this.#cut = new AbortController();
    }
  }

  /** The next wait lasts, whatever was cut before. */
  forget(): void {
    if (this.#cut.signal.aborted) this.#cut = new AbortController();
  }

  /** Ends the wait that is under way, or the next one. */
  cut(): void {
    this.#cut.abort();
  }
}
