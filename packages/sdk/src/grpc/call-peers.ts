// Who is at the other end of the connections of a listener that grpc-js owns. OpenSSL has accepted each peer under the
// constrained authorities of its handshake; what OpenSSL does not know is checked at the first call of a connection.
import type { Socket } from 'node:net';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { X509BundleSet } from '../bundle/index.js';
import { guarded, isSpiffeError, sdkError } from '../runtime/index.js';
import type { VerifiedPeer } from '../svid/index.js';
import type { Accepted } from '../tls/accepted.js';
import { describeError } from '../tls/connections.js';
import { acceptHiddenPath } from '../tls/hidden-path.js';
import type { LifetimeOptions } from '../tls/options.js';
import { acceptPeer, recheckPeer, type Verification } from '../tls/peer-verification.js';
import { AcceptedConnections } from './accepted-connections.js';

export type CallPeersOptions = Verification & Pick<LifetimeOptions, 'closeOnPeerExpiry'>;

interface Connection {
  readonly socket: Socket;
  /** When it was made, before its handshake: what OpenSSL can have accepted is no more than this and what came later. */
  readonly trusted: X509BundleSet;
  accepted?: Accepted;
}

export class CallPeers implements Disposable {
  readonly #options: CallPeersOptions;
  readonly #connections: AcceptedConnections<Connection>;
  readonly #verified = new Set<Connection>();

  constructor(options: CallPeersOptions) {
    this.#options = options;
    this.#connections = new AcceptedConnections((socket) => ({
      socket,
      trusted: X509BundleSet.of(...options.bundles.bundles),
    }));
  }

  /** @throws SpiffeError `ERR_SPIFFE_VERIFY` */
  of(call: ServerInterceptingCallInterface): VerifiedPeer {
    const connection = this.#connections.of(call.getConnectionInfo());
    if (connection === undefined) throw unknown('the connection of the call is not known; it must be over TCP');
    return (connection.accepted ?? this.#accept(connection, call)).peer;
  }

  /** Closes the connections whose peers would no longer be accepted. */
  recheck(): void {
    this.#closeWhere((accepted) => {
      recheckPeer(accepted, this.#options);
    });
  }

  /** Closes every connection that has made a call, because of `error`. */
  closeAll(error: unknown): void {
    this.#closeWhere(() => {
      throw error;
    });
  }

  [Symbol.dispose](): void {
    this.#connections[Symbol.dispose]();
  }

  #accept(connection: Connection, call: ServerInterceptingCallInterface): Accepted {
    // grpc-js shows no certificate that OpenSSL has not accepted.
    const leaf = call.getAuthContext().sslPeerCertificate?.raw;
    if (leaf === undefined) throw unknown('the peer has no certificate that OpenSSL accepts');
    const accepted = accept([leaf], this.#options, connection.trusted);
    connection.accepted = accepted;
    this.#verified.add(connection);
    const closed = new AbortController();
    connection.socket.once('close', () => {
      this.#verified.delete(connection);
      closed.abort();
    });
    if (this.#options.closeOnPeerExpiry !== false) void this.#closeAtExpiry(connection, accepted.peer, closed.signal);
    return accepted;
  }

  async #closeAtExpiry({ socket }: Connection, { expiresAt }: VerifiedPeer, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    await clock.sleep(expiresAt.getTime() - clock.now().getTime(), { signal, ref: false }).then(
      () => socket.destroy(),
      () => undefined,
    );
  }

  #closeWhere(check: (accepted: Accepted) => void): void {
    const logger = guarded(this.#options.logger);
    for (const { socket, accepted } of this.#verified) {
      try {
        if (accepted !== undefined) check(accepted);
      } catch (error) {
        socket.destroy();
        logger.warn(describeError(error), 'connection closed: the peer would no longer be accepted');
      }
    }
  }
}

// Of the chain grpc-js shows the leaf; the rest of a longer one only OpenSSL has seen.
function accept(chain: readonly Buffer[], options: Verification, trusted: X509BundleSet): Accepted {
  try {
    return acceptPeer(chain, options);
  } catch (error) {
    if (!isSpiffeError(error) || error.details['reason'] !== 'unknown-authority') throw error;
    return acceptHiddenPath(chain, options, trusted);
  }
}

function unknown(problem: string): Error {
  return sdkError('ERR_SPIFFE_VERIFY', problem, { details: { reason: 'no-certificate' } });
}
