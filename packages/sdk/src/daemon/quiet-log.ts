// Says what goes wrong, but not each time: whoever can fill the log hides something in it, or fills the disk.
import type { Clock } from '../runtime/clock.js';
import type { Logger } from '../runtime/logger.js';

const quietMs = 10_000;

export interface QuietLogOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly message: string;
}

/** At most one warning in 10 s; `unreported` counts those since the one before. */
export class QuietLog {
  readonly #options: QuietLogOptions;
  #quietUntil = new Date(0);
  #unreported = 0;

  constructor(options: QuietLogOptions) {
    this.#options = options;
  }

  warn(fields: object): void {
    const { clock, log, message } = this.#options;
    const now = clock.now();
    if (now < this.#quietUntil) {
      this.#unreported++;
      return;
    }
    log.warn({ ...fields, unreported: this.#unreported }, message);
    this.#quietUntil = new Date(now.getTime() + quietMs);
    this.#unreported = 0;
  }
}
