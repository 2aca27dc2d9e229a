// One gRPC server over connections that its listener has accepted itself, with the gate in front of every method.
import { Server, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Socket } from 'node:net';
import { ConnectionInjector, Turns } from '@credence/sdk/daemon';
import type { Clock } from '@credence/sdk/runtime';
import { createGate, type GateOptions } from '../interceptors/authorize.js';
import type { Service } from '../services.js';

export interface InjectedServerOptions extends Omit<GateOptions, 'absent'> {
  readonly clock: Clock;
  readonly services: readonly Service[];
  /** Services of another listener: calls of them are answered UNIMPLEMENTED, and leave an audit record. */
  readonly absentServices?: readonly ServiceDefinition[];
  readonly limits: ConnectionLimits;
}

/** What one connection may ask for. */
export interface ConnectionLimits {
  readonly maxMessageBytes: number;
  /** Calls at the same time. */
  readonly maxStreams: number;
  /** Undefined: it may live for ever. */
  readonly age?: ConnectionAge;
}

/** When a connection is told to end, and how much later it is ended, with whatever still runs on it. */
export interface ConnectionAge {
  readonly maxMs: number;
  readonly graceMs: number;
}

/** Speaks gRPC on the sockets it is given. */
export class InjectedServer {
  readonly #server: Server;
  readonly #injector: ConnectionInjector;

  constructor({ clock, services, absentServices = [], limits, ...options }: InjectedServerOptions) {
    const { maxMessageBytes, maxStreams, age } = limits;
    const absent = new Set(absentServices.flatMap((definition) => Object.values(definition).map(({ path }) => path)));
    const gate = { ...options, absent };
    this.#server = new Server({
      interceptors: [createGate(gate)],
      'grpc.enable_channelz': 0,
      'grpc.max_concurrent_streams': maxStreams,
      'grpc.max_receive_message_length': maxMessageBytes,
      // Without the grace, a connection with a call that its client never ends would stay for ever.
      ...(age && { 'grpc.max_connection_age_ms': age.maxMs, 'grpc.max_connection_age_grace_ms': age.graceMs }),
    });
    for (const { definition, handlers } of services) {
      this.#server.addService(definition, handlers as UntypedServiceImplementation);
    }
    for (const definition of absentServices) this.#server.addService(definition, {});
    // The listener has done what credentials would do.
    this.#injector = new ConnectionInjector(this.#server, new Turns(clock));
  }

  /** Takes the socket over, in the turn in which it was accepted. Callers of one name are read by the same turns. */
  inject(socket: Socket, name: string): void {
    this.#injector.inject(socket, { name });
  }

  /** Takes no more calls; resolves when those that run have ended. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.tryShutdown(() => {
        resolve();
      });
    });
  }
}
