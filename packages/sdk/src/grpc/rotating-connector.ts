// TLS over the connections that one subchannel of grpc-js makes, each with the SVID and the bundles of its moment.
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { CallCredentials, experimental } from '@grpc/grpc-js';
import { isSpiffeError, sdkError, systemClock } from '../runtime/index.js';
import { connectionOptions } from '../tls/client-options.js';
import type { ClientOptions } from '../tls/options.js';
import { peerOf, setPeer } from '../tls/peer-of.js';
import type { ClientConnections } from './client-connections.js';
import type { ServerName } from './server-name.js';

export interface RotatingConnectorOptions {
  readonly client: ClientOptions;
  readonly connections: ClientConnections;
  readonly name: ServerName;
  readonly callCredentials: CallCredentials;
}

// As long as gRPC gives an attempt to connect.
const handshakeTimeoutMs = 20_000;

export class RotatingConnector implements experimental.SecureConnector {
  readonly #options: RotatingConnectorOptions;

  constructor(options: RotatingConnectorOptions) {
    this.#options = options;
    options.connections.acquire();
  }

  /** Fails without an identity, before the network is asked. */
  async waitForReady(): Promise<void> {
    this.#options.client.svid?.getX509Svid();
    await Promise.resolve();
  }

  async connect(raw: Socket): Promise<experimental.SecureConnectResult> {
    const socket = this.#open(raw);
    const done = new AbortController();
    try {
      await Promise.race([secured(socket), this.#timeout(done.signal)]);
      return { socket, secure: true };
    } catch (error) {
      socket.destroy();
      throw handshakeError(error, socket);
    } finally {
      done.abort();
    }
  }

  getCallCredentials(): CallCredentials {
    return this.#options.callCredentials;
  }

  destroy(): void {
    this.#options.connections.release();
  }

  #open(raw: Socket): TLSSocket {
    const { client, connections, name } = this.#options;
    const isWeb = 'webRoots' in client;
    const options = connectionOptions(client, (accepted) => {
      setPeer(socket, accepted.peer);
      connections.add(socket, accepted);
    });
    const socket = connect({ ...options, ...name, ALPNProtocols: ['h2'], socket: raw });
    socket.once('secureConnect', () => {
      // Node skips the check of a resumed session and of a pre-shared key.
      const isVerified = isWeb ? socket.authorized : peerOf(socket) !== undefined;
      if (!isVerified || socket.isSessionReused()) socket.destroy(unverified());
      else if (isWeb) connections.add(socket, undefined);
    });
    // Whoever uses the connection learns of its end by `close`.
    socket.on('error', () => undefined);
    return socket;
  }

  async #timeout(signal: AbortSignal): Promise<never> {
    const { clock = systemClock } = this.#options.client;
    await clock.sleep(handshakeTimeoutMs, { signal, ref: false });
    throw new Error('the handshake did not end in time');
  }
}

function secured(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('secureConnect', () => {
      if (!socket.destroyed) resolve(); // Otherwise the error follows.
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

function unverified(): Error {
  return sdkError('ERR_SPIFFE_VERIFY', 'the handshake ended without a check of the peer', {
    details: { reason: 'unchecked' },
  });
}
