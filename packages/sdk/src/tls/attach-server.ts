// The part of mutual TLS that a server needs at run time: a check of each peer before anybody sees the connection,
// rotation without a restart, and an end to connections that would no longer be accepted.
import type { Server, TLSSocket } from 'node:tls';
import type { X509Bundle } from '../bundle/index.js';
import { isSpiffeError, sdkError, silentLogger, systemClock, type Clock, type Logger } from '../runtime/index.js';
import type { VerifiedPeer } from '../svid/index.js';
import { checkAuthorized } from './authorizer.js';
import { observe } from './observable.js';
import { checkBase, type MtlsServerOptions } from './options.js';
import { setPeer } from './peer-of.js';
import { peerChain, verifyClient, verifyPeer } from './peer-verification.js';
import { refusingContextOptions, secureContextOptions } from './secure-context.js';

/**
 * Installs check and rotation on a server that was created with `mtlsServerOptions` of the same options, before it
 * listens. A refused peer is logged, and the server emits `tlsClientError` with a SpiffeError: `ERR_SPIFFE_VERIFY` or
 * `ERR_SPIFFE_UNAUTHORIZED`. Peers that OpenSSL refuses are logged; Node emits its own `tlsClientError` for them.
 *
 * When the source of the SVID has none any more, no handshake succeeds and every connection ends.
 */
export function attachServer<S extends Server>(server: S, options: MtlsServerOptions): S {
  checkBase(options.base ?? {});
  new ServerGuard(server, options).install();
  return server;
}

interface Connection {
  readonly peer: VerifiedPeer;
  readonly chain: readonly Buffer[];
  /** The bundle of the peer's trust domain under which it was accepted. */
  readonly bundle: X509Bundle;
}

class ServerGuard {
  readonly #server: Server;
  readonly #options: MtlsServerOptions & { readonly clock: Clock };
  readonly #logger: Logger;
  readonly #connections = new Map<TLSSocket, Connection | undefined>();
  #hasIdentity = true;

  constructor(server: Server, options: MtlsServerOptions) {
    this.#server = server;
    this.#options = { ...options, clock: options.clock ?? systemClock };
    this.#logger = options.logger ?? silentLogger;
  }

  install(): void {
    // First, and synchronous: a request that came along with the handshake is read by whoever is called next.
    this.#server.prependListener('secureConnection', this.#onSecureConnection);
    this.#server.prependListener('tlsClientError', this.#onHandshakeError);
    const { svid, bundles } = this.#options;
    const stop = observe([svid, bundles], this.#onUpdate);
    this.#server.once('close', stop);
    this.#rotate();
  }

  readonly #onSecureConnection = (socket: TLSSocket): void => {
    const { remoteAddress } = socket; // Gone with the connection.
    try {
      const connection = this.#admit(socket);
      if (connection !== undefined) setPeer(socket, connection.peer);
      this.#watch(socket, connection);
    } catch (error) {
      socket.destroy();
      this.#logger.warn({ ...described(error), remoteAddress }, 'peer refused');
      this.#server.emit('tlsClientError', error, socket);
    }
  };

  #admit(socket: TLSSocket): Connection | undefined {
    if (!this.#hasIdentity) throw refusal('this server has no identity at present', 'no-identity');
    // Tickets are off; a session that is resumed all the same has skipped the chain check.
    if (socket.isSessionReused()) throw refusal('peer resumed a session', 'resumed');
    const chain = peerChain(socket.getPeerCertificate(true));
    if (chain.length === 0) {
      if (this.#options.clientAuthentication === 'optional') return undefined;
      throw refusal('peer presented no certificate', 'no-certificate');
    }
    // Node's `authorized` alone proves nothing, but without it nothing is proven.
    if (!socket.authorized) {
      verifyPeer(chain, this.#options);
      throw refusal(`peer was refused by OpenSSL: ${String(socket.authorizationError)}`, 'openssl');
    }
    const peer = verifyClient(chain, this.#options);
    return { peer, chain, bundle: this.#options.bundles.getX509BundleForTrustDomain(peer.id.trustDomain) };
  }

  #watch(socket: TLSSocket, connection: Connection | undefined): void {
    const closed = new AbortController();
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.#connections.delete(socket);
      closed.abort();
    });
    if (connection !== undefined && this.#options.closeOnPeerExpiry !== false) {
      void this.#closeAtExpiry(socket, connection.peer, closed.signal);
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

  readonly #onUpdate = (): void => {
    this.#rotate();
    for (const [socket, connection] of this.#connections) {
      try {
        this.#recheck(connection);
      } catch (error) {
        socket.destroy();
        this.#logger.warn({ ...described(error) }, 'connection closed: the peer would no longer be accepted');
      }
    }
  };

  // Node forgets every other setting of the context, so all are given again.
  #rotate(): void {
    try {
      this.#server.setSecureContext(secureContextOptions(this.#options));
      this.#hasIdentity = true;
    } catch (error) {
      this.#hasIdentity = false;
      this.#server.setSecureContext(refusingContextOptions());
      this.#logger.error(described(error), 'server has no identity and refuses every peer');
    }
  }

  #recheck(connection: Connection | undefined): void {
    if (!this.#hasIdentity) throw refusal('this server has no identity at present', 'no-identity');
    if (connection === undefined) return;
    const { peer, chain, bundle } = connection;
    const current = this.#options.bundles.getX509BundleForTrustDomain(peer.id.trustDomain);
    if (current.equals(bundle)) checkAuthorized(this.#options.authorize, peer);
    else verifyPeer(chain, this.#options);
  }

  readonly #onHandshakeError = (error: Error, socket: TLSSocket): void => {
    // A handshake that takes too long is reported by Node, not ended.
    socket.destroy();
    if (isSpiffeError(error)) return;
    // Set when OpenSSL refused the chain; otherwise the handshake itself failed.
    const reason: unknown = socket.authorizationError;
    if (reason === null || reason === undefined) this.#logger.debug({ error: error.message }, 'handshake failed');
    else this.#logger.warn({ code: 'ERR_SPIFFE_VERIFY', reason }, 'peer refused');
  };
}

function refusal(message: string, reason: string): Error {
  return sdkError('ERR_SPIFFE_VERIFY', message, { details: { reason } });
}

function described(error: unknown): Readonly<Record<string, unknown>> {
  if (isSpiffeError(error)) return { ...error.details, code: error.code, error: error.message };
  return { error: error instanceof Error ? error.message : 'failed' };
}
