// The open connections of a server or of an agent, and what ends them: the SVID of the peer expires, or an update of our
// sources means that the peer would no longer be accepted.
import type { TLSSocket } from 'node:tls';
import { isSpiffeError, silentLogger, type Clock } from '../runtime/index.js';
import type { VerifiedPeer } from '../svid/index.js';
import type { Accepted } from './accepted.js';
import type { PeerOptions } from './options.js';
import { recheckPeer } from './peer-verification.js';

export interface ConnectionsOptions extends PeerOptions {
  readonly clock: Clock;
  /** Whether a connection ends when its peer's SVID expires. Default true. */
  readonly closeOnPeerExpiry?: boolean | undefined;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #open = new Map<TLSSocket, Accepted | undefined>();

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Watches a connection until it closes; `accepted` is undefined for a client without a certificate. */
  add(socket: TLSSocket, accepted: Accepted | undefined): void {
    const closed = new AbortController();
    this.#open.set(socket, accepted);
    socket.once('close', () => {
      this.#open.delete(socket);
      closed.abort();
    });
    if (accepted !== undefined && this.#options.closeOnPeerExpiry !== false) {
      void this.#closeAtExpiry(socket, accepted.peer, closed.signal);
    }
  }

  /** Closes the connections whose peers would no longer be accepted. */
  recheck(): void {
    this.#closeWhere((accepted) => {
      if (accepted !== undefined) recheckPeer(accepted, this.#options);
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

  async #closeAtExpiry(socket: TLSSocket, { id, expiresAt }: VerifiedPeer, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    try {
      await clock.sleep(expiresAt.getTime() - clock.now().getTime(), { signal, ref: false });
    } catch {
      return; // The connection closed before.
    }
    this.#logger.info({ peer: String(id) }, 'connection closed: the svid of the peer expired');
    socket.destroy();
  }

  get #logger(): NonNullable<PeerOptions['logger']> {
    return this.#options.logger ?? silentLogger;
  }
}

/** An error as fields of a log record. */
export function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (isSpiffeError(error)) return { ...error.details, code: error.code, error: error.message };
  return { error: error instanceof Error ? error.message : 'failed' };
}
