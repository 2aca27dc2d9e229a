// The open connections of a listener, by token. grpc-js reports a socket's `remoteAddress` as the peer of each call, so
// a token put there names the connection, and with it what is known of the caller.
import type { Socket } from 'node:net';
import type { Connection } from './caller.js';

/** Connections by token; a connection is forgotten when its socket closes. */
export class Connections {
  readonly #open = new Map<string, Connection>();
  #next = 0;

  /** A token that no other connection of this process has. */
  nextToken(kind: Connection['kind']): string {
    return `${kind}:${String(++this.#next)}`;
  }

  /** Registers the connection and marks its socket with the token. */
  open(socket: Socket, connection: Connection): void {
    this.#open.set(connection.token, connection);
    socket.once('close', () => this.#open.delete(connection.token));
    // A connection that breaks closes; nothing more is to be done about it.
    socket.on('error', () => undefined);
    Object.defineProperty(socket, 'remoteAddress', { value: connection.token });
    // getPeer() would append the port to the token.
    Object.defineProperty(socket, 'remotePort', { value: undefined });
  }

  get(token: string): Connection | undefined {
    return this.#open.get(token);
  }
}
