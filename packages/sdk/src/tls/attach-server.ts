// The part of mutual TLS that a server needs at run time: a check of each peer before anybody sees the connection,
// rotation without a restart, and an end to connections that would no longer be accepted.
import type { Server, TLSSocket } from 'node:tls';
import { isSpiffeError, sdkError, silentLogger, systemClock, type Clock, type Logger } from '../runtime/index.js';
import type { Accepted } from './accepted.js';
import { Connections, describeError } from './connections.js';
import { HandshakeTrust } from './hidden-path.js';
import { observe } from './observable.js';
import { checkBase, type MtlsServerOptions } from './options.js';
import { setPeer } from './peer-of.js';
import { acceptClient, claimedIdOf, peerChain } from './peer-verification.js';
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

class ServerGuard {
  readonly #server: Server;
  readonly #options: MtlsServerOptions & { readonly clock: Clock };
  readonly #logger: Logger;
  readonly #connections: Connections;
  readonly #trust: HandshakeTrust;
  #hasIdentity = true;

  constructor(server: Server, options: MtlsServerOptions) {
    this.#server = server;
    this.#options = { ...options, clock: options.clock ?? systemClock };
    this.#logger = options.logger ?? silentLogger;
    this.#connections = new Connections(this.#options);
    this.#trust = new HandshakeTrust(server);
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
      const accepted = this.#admit(socket);
      if (accepted !== undefined) setPeer(socket, accepted.peer);
      this.#connections.add(socket, accepted);
    } catch (error) {
      socket.destroy();
      this.#logger.warn({ ...describeError(error), remoteAddress }, 'peer refused');
      this.#server.emit('tlsClientError', error, socket);
    }
  };

  #admit(socket: TLSSocket): Accepted | undefined {
    if (!this.#hasIdentity) throw noIdentity();
    // Tickets are off; a session that is resumed all the same has skipped the chain check.
    if (socket.isSessionReused()) throw refusal('peer resumed a session', 'resumed');
    const chain = peerChain(socket.getPeerCertificate(true));
    if (chain.length === 0) {
      if (this.#options.clientAuthentication === 'optional') return undefined;
      throw refusal('peer presented no certificate', 'no-certificate');
    }
    // Node's `authorized` alone proves nothing, but without it nothing is proven.
    if (!socket.authorized) {
      const problem = `peer was refused by OpenSSL: ${String(socket.authorizationError)}`;
      throw refusal(problem, 'openssl', claimedIdOf(chain));
    }
    return acceptClient(chain, this.#options, this.#trust.of(socket));
  }

  readonly #onUpdate = (): void => {
    this.#rotate();
    if (this.#hasIdentity) this.#connections.recheck();
    else this.#connections.closeAll(noIdentity());
  };

  // Node forgets every other setting of the context, so all are given again.
  #rotate(): void {
    try {
      this.#server.setSecureContext(secureContextOptions(this.#options));
      this.#trust.rotate(this.#options.bundles.bundles);
      this.#hasIdentity = true;
    } catch (error) {
      this.#hasIdentity = false;
      this.#server.setSecureContext(refusingContextOptions());
      this.#logger.error(describeError(error), 'server has no identity and refuses every peer');
    }
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

function noIdentity(): Error {
  return refusal('this server has no identity at present', 'no-identity');
}

function refusal(message: string, reason: string, claimedId?: string): Error {
  const details = claimedId === undefined ? { reason } : { reason, claimedId };
  return sdkError('ERR_SPIFFE_VERIFY', message, { details });
}
