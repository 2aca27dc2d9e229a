// What a caller may send before its requests are complete. gRPC gathers a request in as many pieces as it is sent in, at
// a hundred bytes of memory a piece: so what comes is counted as bytes of HTTP/2, frames included.
import type { Clock } from '@credence/sdk/runtime';
import { mostUnfinishedBytes } from './limits.js';
import type { Peer } from './peer.js';

interface Account {
  /** What the peer had sent when the first of its incomplete requests began. */
  readonly before: number;
  incomplete: number;
}

// One core takes in about a megabyte meanwhile.
const intervalMs = 100;

export class Intake {
  readonly #clock: Clock;
  readonly #excessive: (peer: Peer) => void;
  readonly #accounts = new Map<Peer, Account>();
  #watching = false;

  /** @param excessive is told of a peer that sends more than 1 MiB for requests that are not complete. */
  constructor(clock: Clock, excessive: (peer: Peer) => void) {
    this.#clock = clock;
    this.#excessive = excessive;
  }

  /** A request begins, which is complete when the signal aborts. */
  begin(peer: Peer, complete: AbortSignal): void {
    const account = this.#accounts.get(peer) ?? { before: peer.received, incomplete: 0 };
    account.incomplete++;
    this.#accounts.set(peer, account);
    const end = (): void => {
      if (--account.incomplete === 0) this.#accounts.delete(peer);
    };
    complete.addEventListener('abort', end, { once: true });
    if (!this.#watching) void this.#watch();
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    do {
      await this.#clock.sleep(intervalMs, { ref: false });
      for (const [peer, { before }] of this.#accounts) {
        if (peer.received - before > mostUnfinishedBytes) this.#excessive(peer);
      }
    } while (this.#accounts.size > 0);
    this.#watching = false;
  }
}
