// A TCP proxy on loopback that does to connections what networks do: cuts them, delays them, forgets them half open.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `refuse` resets each connection as soon as it is made. */
export type Weather = 'fair' | 'refuse';

export class Proxy implements AsyncDisposable {
  weather: Weather = 'fair';
  /** How long each piece of data is held back. */
  delayMs = 0;
  /** How many connections were made. */
  connections = 0;
  /** How many bytes came, of either side. */
  bytes = 0;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #targets = new Set<Socket>();
  readonly #server = createServer((client) => {
    this.#accept(client);
  });

  private constructor(target: number) {
    this.#target = target;
  }

  /** In front of a port of loopback. */
  static async start(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection, by a reset. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** What runs through connections of now is lost for ever, and no end is told: a router that lost its table. */
  forget(): void {
    for (const socket of this.#sockets) socket.removeAllListeners('data').pause();
  }

  /** From now on nothing that the target says arrives; what is said to it does. */
  deafen(): void {
    for (const socket of this.#targets) socket.removeAllListeners('data').resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    this.connections++;
    if (this.weather === 'refuse') {
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.#target, '127.0.0.1');
    this.#targets.add(server);
    server.once('close', () => this.#targets.delete(server));
    this.#pass(client, server);
    this.#pass(server, client);
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    let turn: Promise<unknown> = Promise.resolve();
    from.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      turn = turn.then(() => sleep(this.delayMs)).then(() => to.write(chunk));
    });
    from.on('error', () => undefined);
    from.once('close', () => {
      this.#sockets.delete(from);
      void turn.then(() => to.destroy());
    });
  }
}
