// Listens for the server's rings, so that what is new arrives at once. A server that does not ring is asked at intervals,
// and now and then whether it rings by now.
import { Backoff, isSpiffeError, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import type { ServerPort } from './ports.js';
import type { Synchronizer } from './synchronizer.js';

export interface ChangeWatcherOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly server: Pick<ServerPort, 'watchChanges'>;
  readonly synchronizer: Pick<Synchronizer, 'rung' | 'watched'>;
}

// After a watch that held, such as one whose connection has come of age, the next follows at once.
const retryDelays = { initialMs: 50, factor: 2, maxMs: 10_000, jitter: 0.5 };
const unknownServiceWaitMs = 600_000;

export class ChangeWatcher {
  readonly #options: ChangeWatcherOptions;
  readonly #backoff: Backoff;

  constructor(options: ChangeWatcherOptions) {
    this.#options = options;
    this.#backoff = new Backoff(retryDelays, options.random);
  }

  /** @throws `signal.reason`, and nothing else */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      const waitMs = await this.#watch(signal);
      await this.#options.clock.sleep(waitMs, { signal });
    }
  }

  /** How long to wait before the next watch. */
  async #watch(signal: AbortSignal): Promise<number> {
    const { server, synchronizer, log } = this.#options;
    try {
      for await (const ring of server.watchChanges(signal)) {
        this.#backoff.reset();
        if (!ring.entries && !ring.bundles) log.debug({}, 'watching the server for changes');
        synchronizer.watched = true;
        synchronizer.rung(ring);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (isUnknownService(error)) {
        log.info({}, 'the server does not tell of changes; it is asked at intervals');
        return unknownServiceWaitMs;
      }
      log.debug({ err: error }, 'the watch for changes ended');
      // The next round finds out what is to be done about it.
      if (isSpiffeError(error, 'ERR_SERVER_REFUSED')) synchronizer.rung({ entries: true, bundles: true, entryIds: [] });
    } finally {
      synchronizer.watched = false;
    }
    return this.#backoff.next();
  }
}

function isUnknownService(error: unknown): boolean {
  return isSpiffeError(error, 'ERR_SERVER_RESPONSE') && error.details['status'] === 'UNIMPLEMENTED';
}
