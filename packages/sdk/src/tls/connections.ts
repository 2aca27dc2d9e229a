// The open connections of a server or of a client, and what ends them: an update of our sources means that the peer would
// no longer be accepted, and then at once; or the SVID of the peer expires, or the connection reaches its age, and then
// what it is busy with may finish.
import type { TLSSocket } from 'node:tls';
import { guarded, isSpiffeError, type Clock, type Logger } from '../runtime/index.js';
import type { Accepted } from './accepted.js';
import type { ClientOptions, ServerOptions } from './options.js';
import { recheckPeer } from './peer-verification.js';

/** Lets a connection take nothing new and end when it is idle. False: it is not busy, or with what is unknown. */
export type Finish = (socket: TLSSocket) => boolean;

export type ConnectionsOptions = (ClientOptions | ServerOptions) & {
  readonly clock: Clock;
  readonly finish?: Finish | undefined;
};

interface End {
  readonly afterMs: number;
  readonly why: string;
}

const defaultGraceMs = 10_000;
// One for all: to make one takes longer than the rest of what a connection costs here.
const hasClosed = new Error('the connection has closed');

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Map<TLSSocket, Accepted | undefined>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Watches a connection until it closes; `accepted` is undefined for a peer without a SPIFFE ID. */
  add(socket: TLSSocket, accepted: Accepted | undefined): void {
    const closed = new AbortController();
    this.#open.set(socket, accepted);
    socket.once('close', () => {
      this.#open.delete(socket);
      closed.abort(hasClosed);
    });
    const end = this.#endOf(accepted);
    if (end !== undefined) void this.#end(socket, end, closed.signal);
  }

  /** Closes the connections whose peers would no longer be accepted. */
  recheck(): void {
    const options = this.#options;
    if (!('authorize' in options)) return; // The peers have no SPIFFE ID.
    this.#closeWhere((accepted) => {
      if (accepted !== undefined) recheckPeer(accepted, options);
    });
  }

  /** Closes every connection, because of `error`. */
  closeAll(error: unknown): void {
    this.#closeWhere(() => {
      throw error;
    });
  }

  #closeWhere(check: (accepted: Accepted | undefined) => void): void {
    for (const [socket, accepted] of this.#open) {
      try {
        check(accepted);
      } catch (error) {
        socket.destroy();
        this.#logger.warn(describeError(error), 'connection closed: the peer would no longer be accepted');
      }
    }
  }

  /** The first of what ends a connection; undefined when it may stay for ever. */
  #endOf(accepted: Accepted | undefined): End | undefined {
    const { clock, maxConnectionAgeMs, closeOnPeerExpiry } = this.#options;
    const ends: End[] = [];
    if (maxConnectionAgeMs !== undefined) ends.push({ afterMs: maxConnectionAgeMs, why: 'its age' });
    if (accepted !== undefined && closeOnPeerExpiry !== false) {
      const afterMs = accepted.peer.expiresAt.getTime() - clock.now().getTime();
      ends.push({ afterMs, why: 'the svid of the peer expired' });
    }
    return ends.toSorted((a, b) => a.afterMs - b.afterMs)[0];
  }

  async #end(socket: TLSSocket, { afterMs, why }: End, signal: AbortSignal): Promise<void> {
    const { clock, graceMs = defaultGraceMs } = this.#options;
    try {
      await clock.sleep(afterMs, { signal, ref: false });
      const peer = this.#open.get(socket)?.peer.id.toString();
      this.#logger.info({ peer, why }, 'connection ends');
      if (this.#takesLeave(socket)) await clock.sleep(graceMs, { signal, ref: false });
    } catch {
      if (signal.aborted) return; // It has closed.
    }
    socket.destroy();
  }

  #takesLeave(socket: TLSSocket): boolean {
    const { finish, onClosing } = this.#options;
    try {
      if (finish?.(socket) === true) return true;
      onClosing?.(socket);
      return onClosing !== undefined;
    } catch (error) {
      this.#logger.error(describeError(error), 'connection closed: it could not take leave');
      return false;
    }
  }

  get #logger(): Logger {
    return guarded(this.#options.logger);
  }
}

/** An error as fields of a log record. */
export function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (isSpiffeError(error)) return { ...error.details, code: error.code, error: error.message };
  return { error: error instanceof Error ? error.message : 'failed' };
}
