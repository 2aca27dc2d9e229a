// The TCP connections that servers of this process have accepted, by their two addresses: grpc-js does not show the
// connection of a call when it owns the listener, but it tells these.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

type Addresses = ReturnType<ServerInterceptingCallInterface['getConnectionInfo']>;

const channel = 'net.server.socket';

/** Knows each connection from before its handshake until it closes, with what `note` made of that moment. */
export class AcceptedConnections<Note> implements Disposable {
  readonly #note: (socket: Socket) => Note;
  readonly #open = new Map<string, Note>();

  constructor(note: (socket: Socket) => Note) {
    this.#note = note;
    subscribe(channel, this.#onConnection);
  }

  /** Undefined for a connection that is not over TCP, or was made before. */
  of(addresses: Addresses): Note | undefined {
    return this.#open.get(keyOf(addresses));
  }

  [Symbol.dispose](): void {
    unsubscribe(channel, this.#onConnection);
    this.#open.clear();
  }

  readonly #onConnection = (message: unknown): void => {
    const socket: unknown = typeof message === 'object' && message !== null && 'socket' in message && message.socket;
    if (!(socket instanceof Socket) || socket.remotePort === undefined) return;
    const key = keyOf(socket);
    const note = this.#note(socket);
    this.#open.set(key, note);
    socket.once('close', () => {
      if (this.#open.get(key) === note) this.#open.delete(key);
    });
  };
}

function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Addresses): string {
  return [localAddress, localPort, remoteAddress, remotePort].join();
}
