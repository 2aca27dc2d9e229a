// A Unix socket that knows its callers: each connection is handed to gRPC only after the kernel has said whose it is.
import { createServer, type Server as SocketServer, type Socket } from 'node:net';
import type { Server } from '@grpc/grpc-js';
import { ConnectionInjector, listenOnSocket, QuietLog, trackSockets, Turns } from '@credence/sdk/daemon';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { reasonOf, type EndpointObserver } from '../observer.js';
import { turnsOfUser } from './limits.js';
import type { PeerRegistry } from './peer-registry.js';

export interface PeerListenerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly peers: PeerRegistry;
  readonly observer: EndpointObserver;
  /** Serves the connections; closed by its owner. */
  readonly server: Server;
  /** Absolute. */
  readonly socketPath: string;
  /** Permissions of the socket, such as 0o777. */
  readonly socketMode: number;
}

/** Of the socket's folder: everybody may pass through it. */
export const directoryMode = 0o755;

export class PeerListener {
  readonly #options: PeerListenerOptions;
  readonly #refusals: QuietLog;
  readonly #injector: ConnectionInjector;
  // Sockets are not paused until gRPC reads them: it would wait for ever.
  readonly #listener: SocketServer = createServer((socket) => {
    this.#accept(socket);
  });
  readonly #connections = trackSockets(this.#listener);

  constructor(options: PeerListenerOptions) {
    this.#options = options;
    this.#refusals = new QuietLog({ ...options, message: 'connection refused' });
    this.#injector = new ConnectionInjector(options.server, new Turns(options.clock));
  }

  /**
   * Resolves when connections are accepted.
   *
   * @throws ERR_IN_USE, ERR_CONFIG, or the error of the operating system.
   */
  async start(): Promise<void> {
    const { log, socketPath, socketMode } = this.#options;
    await listenOnSocket(this.#listener, { log, path: socketPath, directoryMode, socketMode });
  }

  /** Stops accepting, removes the socket and cuts all connections. */
  async close(): Promise<void> {
    if (!this.#listener.listening) return;
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    // gRPC's own forceShutdown cuts only the connections that channelz counts.
    for (const connection of this.#connections) connection.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    // What ends a connection shows in its 'close'.
    socket.on('error', () => undefined);
    try {
      const { pid, uid } = this.#options.peers.admit(socket);
      const user = { name: String(uid), weight: turnsOfUser };
      this.#injector.inject(socket, { name: `${uid}/${pid}` }, user);
    } catch (error) {
      this.#options.observer.connectionRefused(reasonOf(error));
      this.#refusals.warn({ reason: error instanceof Error ? error.message : String(error) });
      socket.destroy();
    }
  }
}
