// One connection to a peer whose identity is proven before the caller gets hold of it.
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { isSpiffeError, sdkError } from '../runtime/index.js';
import type { Accepted } from './accepted.js';
import { connectionOptions } from './client-options.js';
import type { MtlsClientOptions } from './options.js';
import { peerOf, setPeer } from './peer-of.js';

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
  // A signal of our own: many attempts may share the caller's, and Node warns of more than ten listeners.
  const given = signal && AbortSignal.any([signal]);
  given?.addEventListener('abort', abort, { once: true });
  try {
    await secured(socket);
    return socket;
  } catch (error) {
    signal?.throwIfAborted();
    throw handshakeError(error, socket);
  } finally {
    given?.removeEventListener('abort', abort);
  }
}

/** What of a target reaches Node: where to connect and how. Everything else might decide over identity. */
const passed: ReadonlySet<string> = new Set([
  'host',
  'port',
  'path',
  'servername',
  'localAddress',
  'localPort',
  'family',
  'hints',
  'lookup',
  'autoSelectFamily',
  'autoSelectFamilyAttemptTimeout',
  'timeout',
  'noDelay',
  'keepAlive',
  'keepAliveInitialDelay',
  'highWaterMark',
  'ALPNProtocols',
]);

/**
 * Dials; the socket ends with an error when the peer is refused. Of `target`, which may come from whoever makes a
 * request, only the options are used that say where to connect and how.
 */
export function openVerified(
  options: MtlsClientOptions,
  target: object,
  onAccepted?: (socket: TLSSocket, accepted: Accepted) => void,
): TLSSocket {
  const ours = connectionOptions(options, (accepted) => {
    setPeer(socket, accepted.peer);
    onAccepted?.(socket, accepted);
  });
  const where = Object.fromEntries(Object.entries(target).filter(([name]) => passed.has(name)));
  const socket = connectTls({ ...where, ...ours });
  // Node skips the check of a resumed session and of a pre-shared key.
  socket.once('secureConnect', () => {
    if (peerOf(socket) === undefined || socket.isSessionReused()) socket.destroy(unverified());
  });
  return socket;
}

function unverified(): Error {
  return sdkError('ERR_SPIFFE_VERIFY', 'the handshake ended without a check of the peer', {
    details: { reason: 'unchecked' },
  });
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => {
      if (socket.destroyed) return; // The error follows.
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
