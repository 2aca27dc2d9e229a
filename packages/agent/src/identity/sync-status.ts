// Whether what is served is what the server says, for those who ask: explain, health, logs.
import type { Clock, Logger } from '@credence/sdk/runtime';

export interface SyncStatus {
  /** When the last round ended well; undefined: none has, since the agent started. */
  readonly lastSuccess: Date | undefined;
  /** The failure that has not been made good yet. */
  readonly lastFailure: SyncFailure | undefined;
  /** Since when identities are served that were on disk, without a word of the server's; undefined: they are not. */
  readonly fromDiskSince: Date | undefined;
}

export interface SyncFailure {
  readonly at: Date;
  /** For operators, not for workloads. */
  readonly message: string;
}

/** Notes how each round ended, and says so in the log where that is news. */
export class SyncRecord {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #rounds = { succeeded: 0, failed: 0 };
  #status: SyncStatus = { lastSuccess: undefined, lastFailure: undefined, fromDiskSince: undefined };
  #settle: () => void = () => undefined;
  /** Resolves after the first round, however it ended. */
  readonly attempted = new Promise<void>((resolve) => {
    this.#settle = resolve;
  });

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  get status(): SyncStatus {
    return this.#status;
  }

  /** How many rounds ended in which way, since the start. */
  get rounds(): { readonly succeeded: number; readonly failed: number } {
    return this.#rounds;
  }

  /** From now on workloads are served by what was on disk, unless the server has answered by now. */
  servesFromDisk(fields: { readonly writtenAt: Date; readonly svids: number }): void {
    if (this.#status.lastSuccess !== undefined) return;
    this.#status = { ...this.#status, fromDiskSince: this.#clock.now() };
    this.#log.warn(fields, 'the server does not answer: identities are served from disk');
  }

  succeeded(): Date {
    const { fromDiskSince } = this.#status;
    const now = this.#clock.now();
    this.#rounds.succeeded++;
    this.#status = { lastSuccess: now, lastFailure: undefined, fromDiskSince: undefined };
    if (fromDiskSince !== undefined) {
      this.#log.info({ fromDiskSince }, 'the server has answered: identities are served from disk no longer');
    }
    this.#settle();
    return now;
  }

  /** @param expired how many X.509-SVIDs have expired, and are served to nobody who asks for them now. */
  failed(error: unknown, { retryInMs, expired }: { readonly retryInMs: number; readonly expired: number }): void {
    const { fromDiskSince } = this.#status;
    const message = error instanceof Error ? error.message : String(error);
    this.#rounds.failed++;
    this.#status = { ...this.#status, lastFailure: { at: this.#clock.now(), message } };
    const expiredX509Svids = expired === 0 ? undefined : expired;
    const fields = { err: error, retryInMs, fromDiskSince, expiredX509Svids };
    this.#log.error(fields, 'synchronization with the server failed');
    this.#settle();
  }
}
