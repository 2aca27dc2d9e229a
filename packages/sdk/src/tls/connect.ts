// One connection to a peer whose identity is proven before the caller gets hold of it.
import type { TLSSocket } from 'node:tls';
import { ClientConnections } from './client-connections.js';
import { openVerified, secured } from './open-verified.js';
import type { ClientOptions } from './options.js';

/** Where to connect. */
export interface ConnectTarget {
  readonly host: string;
  readonly port: number;
  /** Gives the attempt up; it has no effect on an established connection. */
  readonly signal?: AbortSignal | undefined;
}

/** In any of the three modes of a client. */
export type ConnectOptions = ConnectTarget & ClientOptions;

/**
 * Resolves with a connection to a verified and authorized server; `peerOf(socket)` tells who it is. The connection ends
 * when the server's SVID expires, and when an update of the sources means that the server would no longer be accepted.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY`, `ERR_SPIFFE_UNAUTHORIZED`; `signal.reason`; errors of the network as they are.
 */
export async function connect({ host, port, signal, ...options }: ConnectOptions): Promise<TLSSocket> {
  signal?.throwIfAborted();
  const connections = new ClientConnections(options);
  const socket = openVerified(options, { host, port }, (opened, accepted) => {
    connections.add(opened, accepted);
  });
  const abort = (): void => {
    socket.destroy();
  };
  // A signal of our own: many attempts may share the caller's, and Node warns of more than ten listeners.
  const given = signal && AbortSignal.any([signal]);
  given?.addEventListener('abort', abort, { once: true });
  try {
    await secured(socket);
    return socket;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    given?.removeEventListener('abort', abort);
  }
}
