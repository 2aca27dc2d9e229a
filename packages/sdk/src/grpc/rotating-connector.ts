// TLS over the connections that one subchannel of grpc-js makes, each with the SVID and the bundles of its moment.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { CallCredentials, experimental } from '@grpc/grpc-js';
import { systemClock } from '../runtime/index.js';
import type { ClientConnections } from '../tls/client-connections.js';
import { openVerified, secured } from '../tls/open-verified.js';
import type { ClientOptions } from '../tls/options.js';
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
      throw error;
    } finally {
      done.abort();
    }
  }

  getCallCredentials(): CallCredentials {
    return this.#options.callCredentials;
  }

  destroy(): void {
    // Nothing is held but the connections, which are the channel's.
  }

  #open(raw: Socket): TLSSocket {
    const { client, connections, name } = this.#options;
    const target = { ...name, ALPNProtocols: ['h2'], socket: raw };
    const socket = openVerified(client, target, (opened, accepted) => {
      connections.add(opened, accepted);
    });
    // Whoever uses the connection learns of its end by `close`.
    return socket.on('error', () => undefined);
  }

  async #timeout(signal: AbortSignal): Promise<never> {
    const { clock = systemClock } = this.#options.client;
    await clock.sleep(handshakeTimeoutMs, { signal, ref: false });
    throw new Error('the handshake did not end in time');
  }
}
