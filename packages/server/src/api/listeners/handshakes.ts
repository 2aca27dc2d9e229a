// The connections whose handshake is not done: nobody is behind them yet, so few may be held, and who holds many keeps
// nobody out.
import type { Server, Socket } from 'node:net';
import { Places } from '@credence/sdk/daemon';

// A burst of honest ones is done within seconds.
const places = { each: 512, total: 1024 };

export class Handshakes {
  readonly #places = new Places(places);
  readonly #begun = new Map<string, Socket>();

  /** Counts what the listener accepts from now on, and closes what is too much. */
  constructor(listener: Server) {
    listener.on('connection', (socket) => {
      const end = endOf(socket);
      if (!this.#places.take(socket, socket.remoteAddress ?? '')) {
        socket.destroy();
        return;
      }
      this.#begun.set(end, socket);
      socket.once('close', () => this.#begun.delete(end));
    });
  }

  /** The handshake of this connection is done. */
  done(socket: Socket): void {
    const begun = this.#begun.get(endOf(socket));
    if (begun !== undefined) this.#places.release(begun);
  }
}

/** What the TLS socket has in common with the socket below it. */
function endOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
