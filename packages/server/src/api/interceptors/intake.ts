// What callers may make the server hold before their calls begin. gRPC gathers a request in as many pieces as it is sent
// in, at a hundred bytes of memory a piece, and a handler and its deadline begin only with the whole request. So what a
// connection sends for it is counted as bytes of HTTP/2, frames included, and a request must be complete in time.
import type { Socket } from 'node:net';
import type { Clock, Logger } from '@credence/sdk/runtime';

export interface IntakeLimits {
  /** That one connection may send. */
  readonly connectionBytes: number;
  /** That all of them together may have sent. */
  readonly totalBytes: number;
  /** Whether the count of a connection begins anew once all its requests are complete. */
  readonly renews: boolean;
}

export interface IntakeOptions extends IntakeLimits {
  readonly clock: Clock;
  readonly log: Logger;
}

/** The request of one call, while more of it may come. */
export interface IncompleteRequest {
  /** Its first message is there: of a stream, which may take its time from now on. */
  begun(): void;
  /** Nothing more will come. */
  complete(): void;
}

interface Account {
  readonly socket: Socket;
  /** What had been received when the count began. */
  before: number;
  incomplete: number;
}

interface Entry {
  readonly account: Account;
  readonly expire: () => void;
  dueMs: number;
}

const longestRequestMs = 10_000;
// One core takes in about a megabyte meanwhile.
const intervalMs = 100;

/** Closes the connections that send too much, the largest first, and ends the requests that take too long. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #accounts = new Map<string, Account>();
  readonly #requests = new Set<Entry>();
  #watching = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Counts what the socket receives, under the token of its connection. */
  open(token: string, socket: Socket): void {
    this.#accounts.set(token, { socket, before: 0, incomplete: 0 });
    socket.once('close', () => this.#accounts.delete(token));
  }

  /** A call has come; `expire` is told when its request is not complete after ten seconds. */
  begin(token: string, expire: () => void): IncompleteRequest | undefined {
    const account = this.#accounts.get(token);
    if (account === undefined) return undefined;
    if (account.incomplete === 0 && this.#options.renews) account.before = account.socket.bytesRead;
    account.incomplete++;
    const entry = { account, expire, dueMs: this.#options.clock.now().getTime() + longestRequestMs };
    this.#requests.add(entry);
    if (!this.#watching) void this.#watch();
    return {
      begun: () => {
        entry.dueMs = Infinity;
      },
      complete: () => {
        this.#complete(entry);
      },
    };
  }

  #complete(entry: Entry): void {
    if (this.#requests.delete(entry)) entry.account.incomplete--;
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    do {
      await this.#options.clock.sleep(intervalMs, { ref: false });
      this.#closeLargest();
      this.#endExpired();
    } while (this.#requests.size > 0);
    this.#watching = false;
  }

  #closeLargest(): void {
    const { connectionBytes, totalBytes, renews, log } = this.#options;
    const counted = [...this.#accounts.values()]
      .filter(({ incomplete }) => incomplete > 0 || !renews)
      .map(({ socket, before }) => ({ socket, bytes: socket.bytesRead - before }))
      .sort((a, b) => b.bytes - a.bytes);
    let total = counted.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { socket, bytes } of counted) {
      if (bytes <= connectionBytes && total <= totalBytes) break;
      log.warn({ connection: socket.remoteAddress, bytes }, 'connection closed: it sent too much');
      socket.destroy();
      total -= bytes;
    }
  }

  #endExpired(): void {
    const now = this.#options.clock.now().getTime();
    for (const entry of this.#requests) {
      if (entry.dueMs > now) continue;
      this.#complete(entry);
      entry.expire();
    }
  }
}
