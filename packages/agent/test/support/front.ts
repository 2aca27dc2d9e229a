// One of several addresses of a server, which can fail in the ways that networks do.
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Passes on what comes at its own address to a port of 127.0.0.1. */
export class Front implements AsyncDisposable {
  /** How many connections there were that the server was told of. */
  connections = 0;
  readonly #server: Server;
  readonly #at: { readonly host: string; readonly port: number };
  readonly #sockets = new Set<Socket>();
  #isFrozen = false;

  private constructor(host: string, port: number) {
    this.#at = { host, port };
    this.#server = createServer((socket) => {
      this.#track(socket);
      if (this.#isFrozen) return;
      this.connections++;
      const behind = this.#track(connect(port, '127.0.0.1'));
      socket.pipe(behind).pipe(socket);
      for (const [one, other] of [
        [socket, behind],
        [behind, socket],
      ] as const) {
        one.once('close', () => other.destroy());
      }
    });
  }

  static async open(address: string, port: number): Promise<Front> {
    const front = new Front(address, port);
    await front.reopen();
    return front;
  }

  /** How many connections there are. */
  get open(): number {
    return this.#sockets.size / 2;
  }

  /** Takes connections again, and passes on what comes. */
  async reopen(): Promise<void> {
    this.#isFrozen = false;
    await new Promise<void>((resolve) => this.#server.listen(this.#at, resolve));
  }

  /** Takes connections and passes nothing on any more, neither on these nor on those that there are. */
  freeze(): void {
    this.#isFrozen = true;
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.pause();
    }
  }

  /** Breaks the connections that there are. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Refuses connections from now on. */
  async close(): Promise<void> {
    this.cut();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #track(socket: Socket): Socket {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }
}
