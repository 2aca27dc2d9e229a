// How many connections there may be: few of one holder, and when all places are taken, the oldest connection makes room,
// so that who holds places without need keeps nobody out.
import type { Socket } from 'node:net';

export interface PlacesOptions {
  /** Of one holder. */
  readonly each: number;
  /** Of all holders together. */
  readonly total: number;
}

/** The connections that are open, by whom they belong to: an address, or an identity. */
export class Places {
  readonly #options: PlacesOptions;
  /** Oldest first. */
  readonly #holders = new Map<Socket, string>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Counts the socket until it closes or is released. False: its holder has too many. */
  take(socket: Socket, holder: string): boolean {
    if (this.#countOf(holder) >= this.#options.each) return false;
    const [oldest] = this.#holders.keys();
    if (this.#holders.size >= this.#options.total && oldest !== undefined) {
      this.#holders.delete(oldest);
      oldest.destroy();
    }
    this.#holders.set(socket, holder);
    socket.once('close', () => {
      this.release(socket);
    });
    return true;
  }

  /** The socket no longer counts. */
  release(socket: Socket): void {
    this.#holders.delete(socket);
  }

  #countOf(holder: string): number {
    let count = 0;
    for (const other of this.#holders.values()) if (other === holder) count++;
    return count;
  }
}
