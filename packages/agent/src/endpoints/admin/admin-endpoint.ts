// The agent's admin socket, for its operators and their delegates: what may not be everybody's. Who may connect, the
// permissions of the socket say; services that ask for more know their callers as the Workload API does.
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { observeCalls, unobserved, type EndpointObserver } from '../observer.js';
import { boundCalls } from '../peer/bound-calls.js';
import { FailureLog } from '../peer/failure-log.js';
import { connectionLimit, longestIdleMs, mostCallsOnConnection } from '../peer/limits.js';
import { PeerListener } from '../peer/listener.js';
import { PeerRegistry } from '../peer/peer-registry.js';
import { requirePeer } from '../peer/require-peer.js';
import type { CallOptions } from '../workload/serve-caller.js';

/** One service of the admin socket. */
export interface AdminService {
  readonly definition: ServiceDefinition;
  readonly createHandlers: (options: CallOptions) => UntypedServiceImplementation;
}

export interface AdminEndpointOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly services: readonly AdminService[];
  /** Undefined: nobody watches. */
  readonly observer?: EndpointObserver | undefined;
  /** Absolute; its folder is made when missing. */
  readonly socketPath: string;
  /** Where proc(5) is mounted. */
  readonly procPath: string;
}

// There is no limit to what is sent: a delegate is sent everything that it may have, in one message.
const limits = {
  'grpc.max_concurrent_streams': mostCallsOnConnection,
  'grpc.max_receive_message_length': 4 * 1024 * 1024,
  'grpc.max_send_message_length': -1,
  'grpc.max_connection_idle_ms': longestIdleMs,
};

// The agent's user and group.
const socketMode = 0o770;

export class AdminEndpoint implements AsyncDisposable {
  readonly #server: Server;
  readonly #listener: PeerListener;

  constructor({ clock, log, services, socketPath, procPath, observer = unobserved }: AdminEndpointOptions) {
    const peers = new PeerRegistry({ procPath, connectionLimit: connectionLimit(procPath) });
    this.#server = new Server({
      ...limits,
      'grpc.enable_channelz': 0,
      interceptors: [observeCalls(observer), boundCalls({ clock, log, peers, observer }), requirePeer(peers)],
    });
    const failures = new FailureLog({ clock });
    for (const { definition, createHandlers } of services) {
      this.#server.addService(definition, createHandlers({ log, peers, observer, failures }));
    }
    this.#listener = new PeerListener({ clock, log, peers, observer, server: this.#server, socketPath, socketMode });
  }

  /**
   * Resolves when callers are served.
   *
   * @throws ERR_IN_USE when another process listens at the path; ERR_CONFIG when the path cannot be used safely.
   */
  async start(): Promise<void> {
    await this.#listener.start();
  }

  /** Cuts all streams and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#listener.close();
    this.#server.forceShutdown();
    await closed;
  }
}
