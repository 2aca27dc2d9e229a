// Checks certificate requests off the event loop: a check costs more than the signature that follows it.
import type { Logger } from '@credence/sdk/runtime';
import { longestCsr } from './csr.js';
import { checkedCsrOf, outcomeOf, type CsrOutcome } from './csr-outcome.js';
import type { CheckedCsr, CsrChecker } from './ports.js';
import { WorkerPool } from './worker-pool.js';

export interface ThreadedCsrCheckerOptions {
  readonly log: Logger;
  /** The most worker threads: one a core. */
  readonly workers: number;
}

// Starting the threads takes longer than checking so many, about 1 ms each at most, and 22 MiB: a server of few agents
// has none.
const mostInline = 4;

/** A CsrChecker over worker threads, which start with the first larger batch. */
export class ThreadedCsrChecker implements CsrChecker, AsyncDisposable {
  readonly #pool: WorkerPool<Uint8Array, CsrOutcome>;

  constructor({ log, workers }: ThreadedCsrCheckerOptions) {
    this.#pool = new WorkerPool({
      script: new URL('./csr-worker.js', import.meta.url),
      size: workers,
      onCrash: (error) => {
        log.error({ error }, 'a worker thread that checks certificate requests died');
      },
    });
  }

  async check(requests: readonly Uint8Array[]): Promise<readonly (CheckedCsr | Error)[]> {
    if (requests.length <= mostInline && !this.#pool.warm) {
      return requests.map((request) => checkedCsrOf(outcomeOf(request)));
    }
    const outcomes = await this.#pool.run(requests.map(toMessage));
    return outcomes.map((outcome) => (outcome instanceof Error ? outcome : checkedCsrOf(outcome)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }
}

/** A copy in memory of its own. Of a request that is too long the length is all that matters, so no more is copied. */
function toMessage(request: Uint8Array): Uint8Array {
  return new Uint8Array(request.subarray(0, longestCsr + 1));
}
