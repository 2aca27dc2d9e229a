// The part of TLS that a server needs at run time: a check of each peer before anybody sees the connection, rotation
// without a restart, and an end to connections that would no longer be accepted.
import type { PeerCertificate, Server, TLSSocket } from 'node:tls';
import { guarded, isSpiffeError, sdkError, systemClock } from '../runtime/index.js';
import type { Clock, Logger, SpiffeError } from '../runtime/index.js';
import type { Accepted } from './accepted.js';
import { checkBase } from './base-options.js';
import { Connections, describeError } from './connections.js';
import { HandshakeTrust } from './hidden-path.js';
import { finishHttp, trackSessions } from './http-connections.js';
import { watchSources } from './observable.js';
import { handshakeRefusal, opensslRefusal } from './openssl-refusal.js';
import { checkServerMode, type ServerOptions } from './options.js';
import { setPeer } from './peer-of.js';
import { acceptClient, acceptKnownPeer, claimedIdOf, peerChain, type Verification } from './peer-verification.js';
import { refusingContextOptions, secureContextOptions } from './secure-context.js';
import { noServerIdentity, sourcesOfServer } from './server-sources.js';

/**
 * Installs check and rotation on a server that was created with the `…ServerOptions` of the same options, before it
 * listens. A refused peer is logged and given to `onRefusal`. For peers that passed OpenSSL, the server also emits
 * `tlsClientError` with the SpiffeError; for the others Node emits its own.
 *
 * When the source of what the server shows has nothing any more, no handshake succeeds and every connection ends.
 *
 * @throws TypeError for a `base` that decides over identity, and when it is not said whom the server lets in.
 */
export function attachServer<S extends Server>(server: S, options: ServerOptions): S {
  checkBase(options.base ?? {});
  checkServerMode(options);
  new ServerGuard(server, options).install();
  return server;
}

class ServerGuard {
  readonly #server: Server;
  readonly #options: ServerOptions & { readonly clock: Clock };
  readonly #logger: Logger;
  /** Absent where clients are asked for nothing. */
  readonly #peers: Verification | undefined;
  readonly #connections: Connections;
  readonly #trust: HandshakeTrust;
  #hasIdentity = true;

  constructor(server: Server, options: ServerOptions) {
    const clock = options.clock ?? systemClock;
    this.#server = server;
    this.#options = { ...options, clock };
    this.#logger = guarded(options.logger);
    this.#peers = options.clientAuthentication === 'none' ? undefined : { ...options, clock };
    this.#connections = new Connections({ ...this.#options, finish: finishHttp });
    this.#trust = new HandshakeTrust(server);
  }

  install(): void {
    // First, and synchronous: a request that came along with the handshake is read by whoever is called next.
    this.#server.prependListener('secureConnection', this.#onSecureConnection);
    this.#server.prependListener('tlsClientError', this.#onHandshakeError);
    trackSessions(this.#server);
    const stop = watchSources(sourcesOfServer(this.#options), this.#onUpdate);
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
      const refused = asRefusal(error);
      this.#report(refused, socket, remoteAddress);
      this.#server.emit('tlsClientError', refused, socket);
    }
  };

  #admit(socket: TLSSocket): Accepted | undefined {
    if (!this.#hasIdentity) throw noServerIdentity();
    // Tickets are off; a session that is resumed all the same has skipped the chain check.
    if (socket.isSessionReused()) throw refusal('peer resumed a session', 'resumed');
    if (this.#peers === undefined) return undefined;
    const { raw: leaf } = socket.getPeerCertificate() as Partial<PeerCertificate>;
    if (leaf === undefined) {
      if (this.#options.clientAuthentication === 'optional') return undefined;
      throw refusal('peer presented no certificate', 'no-certificate');
    }
    // Node's `authorized` alone proves nothing, but without it nothing is proven.
    if (!socket.authorized) throw opensslRefusal(String(socket.authorizationError), claimedIdOf([leaf]));
    // To read the whole chain takes Node ten times as long.
    return acceptKnownPeer(leaf, this.#peers) ?? this.#acceptNew(socket, this.#peers);
  }

  #acceptNew(socket: TLSSocket, peers: Verification): Accepted {
    return acceptClient(peerChain(socket.getPeerCertificate(true)), peers, this.#trust.of(socket));
  }

  readonly #onUpdate = (): void => {
    this.#rotate();
    if (this.#hasIdentity) this.#connections.recheck();
    else this.#connections.closeAll(noServerIdentity());
  };

  // Node forgets every other setting of the context, so all are given again.
  #rotate(): void {
    try {
      this.#server.setSecureContext(secureContextOptions(this.#options));
      this.#trust.rotate(this.#peers?.bundles.bundles ?? []);
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
    const refused = handshakeRefusal(error, socket.authorizationError);
    if (refused === undefined) this.#logger.debug({ error: error.message }, 'handshake failed');
    else this.#report(refused, socket);
  };

  #report(error: SpiffeError, socket: TLSSocket, remoteAddress?: string): void {
    const where = remoteAddress === undefined ? {} : { remoteAddress };
    this.#logger.warn({ ...describeError(error), ...where }, 'peer refused');
    try {
      this.#options.onRefusal?.(error, socket);
    } catch (failure) {
      this.#logger.error(describeError(failure), 'the report of a refusal failed');
    }
  }
}

function asRefusal(error: unknown): SpiffeError {
  if (isSpiffeError(error)) return error;
  return sdkError('ERR_SPIFFE_VERIFY', 'peer could not be checked', { details: { reason: 'unchecked' }, cause: error });
}

function refusal(message: string, reason: string): SpiffeError {
  return sdkError('ERR_SPIFFE_VERIFY', message, { details: { reason } });
}
