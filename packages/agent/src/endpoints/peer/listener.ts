// A Unix socket that knows its callers: each connection is handed to gRPC only after the kernel has said whose it is.
import { chmod } from 'node:fs/promises';
import { createServer, type Server as SocketServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import type { Logger } from '@credence/sdk/runtime';
import type { PeerRegistry } from './peer-registry.js';
import { ensureSocketDirectory } from './socket-directory.js';
import { clearSocketPath } from './socket-path.js';

export interface PeerListenerOptions {
  readonly log: Logger;
  readonly peers: PeerRegistry;
  /** Serves the connections; closed by its owner. */
  readonly server: Server;
  /** Absolute. */
  readonly socketPath: string;
  /** Permissions of the socket, such as 0o777. */
  readonly socketMode: number;
}

// With Node's default of 511, a burst of connections fails with EAGAIN while the agent is busy.
const backlog = 4096;

export class PeerListener {
  readonly #options: PeerListenerOptions;
  readonly #injector: ReturnType<Server['createConnectionInjector']>;
  readonly #connections = new Set<Socket>();
  // Sockets are not paused until gRPC reads them: it would wait for ever.
  readonly #listener: SocketServer = createServer((socket) => {
    this.#accept(socket);
  });

  constructor(options: PeerListenerOptions) {
    this.#options = options;
    this.#injector = options.server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /**
   * Resolves when connections are accepted.
   *
   * @throws ERR_IN_USE, ERR_CONFIG, or the error of the operating system.
   */
  async start(): Promise<void> {
    const { log, socketPath, socketMode } = this.#options;
    await ensureSocketDirectory(dirname(socketPath));
    await clearSocketPath(socketPath);
    await new Promise<void>((resolve, reject) => {
      this.#listener.once('error', reject);
      this.#listener.listen({ path: socketPath, backlog }, () => {
        this.#listener.off('error', reject);
        resolve();
      });
    });
    this.#listener.on('error', (error) => {
      log.error({ err: error, socketPath }, 'a connection could not be accepted');
    });
    await chmod(socketPath, socketMode);
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
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    // What ends a connection shows in its 'close'.
    socket.on('error', () => undefined);
    try {
      this.#options.peers.admit(socket);
      this.#injector.injectConnection(socket);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'connection refused: its caller is unknown');
      socket.destroy();
    }
  }
}
