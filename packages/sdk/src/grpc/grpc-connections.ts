// The connections of one listener, each with an injector of its own in grpc-js, so that each can be told to leave alone.
import type { Socket } from 'node:net';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { experimental, ServerCredentials, type Server, type ServerInterceptor } from '@grpc/grpc-js';
import { silentLogger, systemRandom, type Clock, type SpiffeError } from '../runtime/index.js';
import { peerOf } from '../tls/peer-of.js';
import type { ServerOptions } from '../tls/options.js';
import { createGate } from './gate.js';

type Injector = ReturnType<Server['createConnectionInjector']>;

export type GrpcConnectionsOptions = ServerOptions & { readonly clock: Clock };

export class GrpcConnections {
  readonly #server: Server;
  readonly #options: GrpcConnectionsOptions;
  readonly #raw = new Set<Socket>();
  readonly #injectors = new Map<TLSSocket, Injector>();

  constructor(server: Server, options: GrpcConnectionsOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** Counts a connection from before its handshake on. */
  open(raw: Socket): void {
    this.#raw.add(raw);
    raw.once('close', () => this.#raw.delete(raw));
  }

  /** Speaks gRPC on a connection whose peer is verified. To be called in the turn in which the handshake has ended. */
  take(socket: TLSSocket): void {
    // gRPC is HTTP/2, and whoever did not ask for it does not speak it (RFC 9113 §3.2).
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy();
      return;
    }
    const injector = this.#server.createConnectionInjector(this.#credentials(socket));
    this.#injectors.set(socket, injector);
    const closed = new AbortController();
    socket.once('close', () => {
      closed.abort();
      this.leave(socket);
    });
    injector.injectConnection(socket);
    void this.#leaveInTime(socket, closed.signal);
  }

  /** The client makes no new call on this connection; those that run go on. */
  leave(socket: TLSSocket): void {
    this.#injectors.get(socket)?.destroy();
    this.#injectors.delete(socket);
  }

  /** Ends listening and the connections, at the latest after `graceMs`. */
  async shutDown(listener: TlsServer, graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      listener.close(() => {
        resolve();
      });
    });
    for (const socket of [...this.#injectors.keys()]) this.leave(socket);
    const ended = new AbortController();
    const grace = this.#options.clock.sleep(graceMs, { signal: ended.signal }).then(
      () => {
        for (const raw of this.#raw) raw.destroy();
      },
      () => undefined,
    );
    await closed;
    ended.abort();
    await grace;
  }

  #credentials(socket: TLSSocket): ServerCredentials {
    // TLS is done; these do no more of it.
    const insecure = ServerCredentials.createInsecure();
    return experimental.createServerCredentialsWithInterceptors(insecure, [...this.#gate(socket)]);
  }

  #gate(socket: TLSSocket): readonly ServerInterceptor[] {
    if (!('authorize' in this.#options)) return [];
    const { authorize, logger = silentLogger, onRefusal } = this.#options;
    const peer = peerOf(socket);
    const tell = (error: SpiffeError): void => {
      onRefusal?.(error, socket);
    };
    return [createGate({ authorize, logger, onRefusal: tell, peerOf: () => peer })];
  }

  // Early enough for calls to finish, and not everybody at once.
  async #leaveInTime(socket: TLSSocket, signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    const remainingMs = firstExpiry(socket, this.#options) - clock.now().getTime();
    if (!Number.isFinite(remainingMs)) return;
    const share = 0.8 + systemRandom.uniform() / 10;
    await clock.sleep(remainingMs * share, { signal, ref: false }).then(
      () => {
        this.leave(socket);
      },
      () => undefined,
    );
  }
}

/** Of the SVIDs that the connection was made with, in milliseconds; Infinity when there is none that matters. */
function firstExpiry(socket: TLSSocket, options: ServerOptions): number {
  const ours = 'svid' in options ? options.svid.getX509Svid().expiresAt.getTime() : Infinity;
  const theirs = options.closeOnPeerExpiry === false ? undefined : peerOf(socket)?.expiresAt.getTime();
  return Math.min(ours, theirs ?? Infinity);
}
