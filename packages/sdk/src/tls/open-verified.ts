// Dials so that nobody gets hold of a connection before the server's identity is proven, and says why one is refused.
import { isIP } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { guarded, isSpiffeError, sdkError, systemClock } from '../runtime/index.js';
import type { Accepted } from './accepted.js';
import { connectionOptions } from './client-options.js';
import { opensslRefusal } from './openssl-refusal.js';
import type { ClientOptions, TlsClientOptions } from './options.js';
import { peerOf, setPeer } from './peer-of.js';
import { acceptPeer, claimedIdOf, peerChain } from './peer-verification.js';

/** What of a target reaches Node: where to connect and how. Everything else might decide over identity. */
const passed: ReadonlySet<string> = new Set([
  'host',
  'port',
  'path',
  'socket',
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
 * request, only the options are used that say where to connect and how. `onOpen` is called once the peer is accepted,
 * without it where the server is one of the Web PKI.
 */
export function openVerified(
  options: ClientOptions,
  target: object,
  onOpen?: (socket: TLSSocket, accepted: Accepted | undefined) => void,
): TLSSocket {
  const ours = connectionOptions(options, (accepted) => {
    setPeer(socket, accepted.peer);
    onOpen?.(socket, accepted);
  });
  const socket = connectTls({ ...whereabouts(target), ...ours });
  const isWeb = 'webRoots' in options;
  if (!isWeb) explainRefusal(socket, options);
  // Node skips the check of a resumed session and of a pre-shared key.
  socket.once('secureConnect', () => {
    const isChecked = isWeb ? socket.authorized : peerOf(socket) !== undefined;
    if (!isChecked || socket.isSessionReused()) socket.destroy(unverified());
    else if (isWeb) onOpen?.(socket, undefined);
  });
  return socket;
}

/** Resolves once the peer of `openVerified` is accepted; rejects when it is refused or the connection ends. */
export function secured(socket: TLSSocket): Promise<void> {
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

// Node asks for no name by itself.
function whereabouts(target: object): object {
  const where = Object.fromEntries(Object.entries(target).filter(([name]) => passed.has(name)));
  const host: unknown = where['host'];
  return typeof host === 'string' && isIP(host) === 0 ? { servername: host, ...where } : where;
}

function unverified(): Error {
  return sdkError('ERR_SPIFFE_VERIFY', 'the handshake ended without a check of the peer', {
    details: { reason: 'unchecked' },
  });
}

// Once OpenSSL has refused, Node destroys the socket at once; only meanwhile the certificates can be read.
function explainRefusal(socket: TLSSocket, options: TlsClientOptions): void {
  const destroy = socket._destroy.bind(socket);
  socket._destroy = (error, callback) => {
    destroy(error === null ? null : explained(error, socket, options), callback);
  };
}

function explained(error: Error, socket: TLSSocket, options: TlsClientOptions): Error {
  const code: unknown = socket.authorizationError;
  if (typeof code !== 'string' || isSpiffeError(error)) return error;
  const refusal = refusalBehind(error, code, { socket, options });
  guarded(options.logger).warn({ ...refusal.details, code: refusal.code, error: refusal.message }, 'server refused');
  return refusal;
}

interface Refused {
  readonly socket: TLSSocket;
  readonly options: TlsClientOptions;
}

function refusalBehind(error: Error, code: string, { socket, options }: Refused): ReturnType<typeof opensslRefusal> {
  const { clock = systemClock, bundles, authorize } = options;
  const chain = peerChain(socket.getPeerCertificate(true));
  try {
    acceptPeer(chain, { bundles, authorize, clock });
  } catch (reason) {
    if (isSpiffeError(reason)) return reason;
  }
  return opensslRefusal(code, claimedIdOf(chain), error);
}
