// The one connection to the server. It is made anew, at the server's next address if it has several, after an error of the
// connection or of the server, after a rotation, and whenever somebody drops it; calls that are under way on the old one
// end there.
import { status } from '@grpc/grpc-js';
import type { TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import { isServiceError } from '@credence/sdk/wire';
import { agentError } from '../domain/errors.js';
import { linked, withinTime } from './calls.js';
import { channelCredentials, type ConnectionTrust } from './channel-credentials.js';
import { closeWhenUnused, createLine, firstConnected, type Line, type ServerClients } from './line.js';
import type { ServerAddresses } from './server-addresses.js';

export interface ServerConnectionOptions {
  readonly clock: Clock;
  readonly addresses: ServerAddresses;
  readonly port: number;
  readonly trustDomain: TrustDomain;
  /** Asked whenever a connection is made. */
  readonly trust: () => ConnectionTrust;
}

/** One call: may send several messages, has 30 s for all of them. */
export type ServerCall<T> = (clients: ServerClients, signal: AbortSignal) => Promise<T>;

/** @throws ERR_SERVER_UNREACHABLE, ServiceError, the signal's reason */
export type UseConnection = <T>(signal: AbortSignal, use: ServerCall<T>) => Promise<T>;

export class ServerConnection implements Disposable {
  readonly #options: ServerConnectionOptions;
  readonly #running = new Set<Promise<unknown>>();
  #exclusive: Promise<unknown> | undefined;
  /** Connected, or on its way. */
  #line: Promise<Line> | undefined;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
  }

  /** Runs a call beside others, but never beside an exclusive one. @throws as UseConnection */
  async call<T>(signal: AbortSignal, use: ServerCall<T>): Promise<T> {
    while (this.#exclusive !== undefined) await this.#exclusive;
    const running = this.#use(signal, use);
    const settled = running.catch(() => undefined);
    this.#running.add(settled);
    try {
      return await running;
    } finally {
      this.#running.delete(settled);
    }
  }

  /**
   * Runs `work` while no call runs: those under way end first, those that come wait. The first use of a renewed SVID
   * ends the life of the old one, so that a call on the old one must not be under way then.
   */
  async exclusively<T>(work: (use: UseConnection) => Promise<T>): Promise<T> {
    while (this.#exclusive !== undefined) await this.#exclusive;
    const done = Promise.all(this.#running).then(() => work((signal, use) => this.#use(signal, use)));
    this.#exclusive = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      this.#exclusive = undefined;
    }
  }

  /**
   * A call that lasts, beside all others, for as long as the connection.
   *
   * @throws ERR_SERVER_UNREACHABLE when the connection is dropped; ServiceError; the signal's reason
   */
  async *stream<T>(
    signal: AbortSignal,
    open: (clients: ServerClients, signal: AbortSignal) => AsyncIterable<T>,
  ): AsyncGenerator<T, void, undefined> {
    while (this.#exclusive !== undefined) await this.#exclusive;
    const line = await this.#connected(signal);
    using ending = linked(signal, line.dropped.signal);
    try {
      yield* open(line.clients, ending.signal);
    } catch (error) {
      if (isLoss(error)) end(line);
      throw error;
    }
  }

  /** The next call makes a new connection. */
  drop(): void {
    const opening = this.#line;
    this.#line = undefined;
    opening?.then(end, () => undefined);
  }

  [Symbol.dispose](): void {
    this.drop();
  }

  // Where the server has other addresses, a call that is lost with its connection is made again there.
  #use<T>(signal: AbortSignal, use: ServerCall<T>): Promise<T> {
    return withinTime(this.#options.clock, signal, async (ending) => {
      for (let attempt = 1; ; attempt++) {
        const line = await this.#connected(ending);
        try {
          return await this.#useLine(line, use, ending);
        } catch (error) {
          if (!isLoss(error) || attempt >= line.addresses) throw error;
        }
      }
    });
  }

  async #useLine<T>(line: Line, use: ServerCall<T>, ending: AbortSignal): Promise<T> {
    line.calls++;
    try {
      return await use(line.clients, ending);
    } catch (error) {
      if (!isAboutRequest(error)) end(line);
      throw error;
    } finally {
      line.calls--;
      closeWhenUnused(line);
    }
  }

  /** @throws ERR_SERVER_UNREACHABLE, `signal.reason` */
  async #connected(signal: AbortSignal): Promise<Line> {
    for (;;) {
      signal.throwIfAborted();
      const opening = (this.#line ??= this.#open());
      const line = await unlessAborted(opening, signal);
      if (!line.dropped.signal.aborted) return line;
      if (this.#line === opening) this.#line = undefined;
    }
  }

  #open(): Promise<Line> {
    const opening = this.#dial();
    opening.catch(() => {
      if (this.#line === opening) this.#line = undefined;
    });
    return opening;
  }

  async #dial(): Promise<Line> {
    const { clock, addresses, port, trustDomain, trust } = this.#options;
    const candidates = await addresses.candidates();
    const options = { clock, port, trustDomain, credentials: channelCredentials(trustDomain, trust()) };
    const [only, ...others] = candidates;
    if (only !== undefined && others.length === 0) return createLine(only, 1, options);
    const { address, line } = await firstConnected(candidates, options);
    addresses.use(address);
    return line;
  }
}

/** The next call makes a new connection. */
function end(line: Line): void {
  line.dropped.abort(agentError('ERR_SERVER_UNREACHABLE', 'the connection was given up'));
  closeWhenUnused(line);
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', stop);
    });
  });
}

function isLoss(error: unknown): boolean {
  return isServiceError(error) && error.code === status.UNAVAILABLE;
}

// What a workload asks for must not cost the others their connection.
const aboutRequest: readonly status[] = [
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.RESOURCE_EXHAUSTED,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
];

function isAboutRequest(error: unknown): boolean {
  return isServiceError(error) && aboutRequest.includes(error.code);
}
