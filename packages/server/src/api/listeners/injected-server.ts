// One gRPC server over connections that its listener has accepted itself, with the gate in front of every method.
import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Server as NetServer, Socket } from 'node:net';
import type { Clock } from '@credence/sdk/runtime';
import { createGate, type GateOptions } from '../interceptors/authorize.js';
import type { Service } from '../services.js';

export interface InjectedServerOptions extends GateOptions {
  readonly services: readonly Service[];
  readonly clock: Clock;
  /** Zero: connections may live for ever. */
  readonly maxConnectionAgeMs: number;
}

const graceMs = 10_000;

/** Speaks gRPC on the sockets it is given. */
export class InjectedServer {
  readonly #server: Server;
  readonly #injector: ReturnType<Server['createConnectionInjector']>;
  readonly #clock: Clock;

  constructor({ services, clock, maxConnectionAgeMs, ...gate }: InjectedServerOptions) {
    this.#clock = clock;
    this.#server = new Server({
      interceptors: [createGate(gate)],
      'grpc.enable_channelz': 0,
      'grpc.max_concurrent_streams': 100,
      'grpc.max_receive_message_length': 4 * 1024 * 1024,
      ...(maxConnectionAgeMs > 0 && { 'grpc.max_connection_age_ms': maxConnectionAgeMs }),
    });
    for (const { definition, handlers } of services) {
      this.#server.addService(definition, handlers as UntypedServiceImplementation);
    }
    // The listener has done what credentials would do.
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Takes the socket over, in the turn in which it was accepted. */
  inject(socket: Socket): void {
    this.#injector.injectConnection(socket);
  }

  /** Stops accepting at once, lets calls finish, and cuts what is still open after ten seconds. */
  async shutDown(listener: NetServer, sockets: ReadonlySet<Socket>): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      listener.close(() => {
        resolve();
      });
    });
    const drained = new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => {
        resolve();
      });
    });
    const forced = new AbortController();
    const grace = this.#clock.sleep(graceMs, { signal: forced.signal, ref: false }).catch(() => undefined);
    await Promise.race([drained, grace]);
    forced.abort();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}
