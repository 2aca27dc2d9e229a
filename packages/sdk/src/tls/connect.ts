// One connection to a peer whose identity is proven before the caller gets hold of it.
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { isSpiffeError, sdkError } from '../runtime/index.js';
import { connectionOptions } from './client-options.js';
import type { MtlsClientOptions } from './options.js';
import { setPeer } from './peer-of.js';

export interface ConnectOptions extends MtlsClientOptions {
  readonly host: string;
  readonly port: number;
  /** Gives the attempt up; it has no effect on an established connection. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Resolves with a connection to a verified and authorized server; `peerOf(socket)` tells who it is.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY`, `ERR_SPIFFE_UNAUTHORIZED`; `signal.reason`; errors of the network as they are.
 */
export async function connect({ host, port, signal, ...options }: ConnectOptions): Promise<TLSSocket> {
  signal?.throwIfAborted();
  const socket = openVerified(options, { host, port });
  const abort = (): void => {
    socket.destroy();
  };
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await secured(socket);
    return socket;
  } catch (error) {
    signal?.throwIfAborted();
    throw handshakeError(error, socket);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** Dials; the socket ends with an error when the peer is refused. `target` may hold any further option of Node's. */
export function openVerified(options: MtlsClientOptions, target: object): TLSSocket {
  const ours = connectionOptions(options, (peer) => {
    setPeer(socket, peer);
  });
  const socket = connectTls({ ...target, ...ours, session: undefined });
  return socket;
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => {
      socket.off('error', reject);
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new Error('connection closed during the handshake'));
    });
  });
}

// What OpenSSL refuses never reaches our own check.
function handshakeError(error: unknown, socket: TLSSocket): unknown {
  const reason: unknown = socket.authorizationError;
  if (isSpiffeError(error) || reason === null || reason === undefined) return error;
  const text = error instanceof Error ? error.message : 'refused';
  return sdkError('ERR_SPIFFE_VERIFY', `peer was refused by OpenSSL: ${text}`, { details: { reason }, cause: error });
}
