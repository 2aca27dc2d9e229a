// The socket of a fake Workload API, whose connections can be broken and disturbed.
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { workloadApi } from '../wire/index.js';

export class FakeWorkloadApiListener {
  readonly #path: string;
  readonly #handlers: UntypedServiceImplementation;
  readonly #sockets = new Set<Socket>();
  #running: { readonly grpc: Server; readonly listener: NetServer } | undefined;

  constructor(path: string, handlers: UntypedServiceImplementation) {
    this.#path = path;
    this.#handlers = handlers;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async start(): Promise<void> {
    const grpc = new Server({ 'grpc.enable_channelz': 0 });
    grpc.addService(service(), this.#handlers);
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const listener = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket));
      injector.injectConnection(socket);
    });
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject).listen(this.#path, resolve);
    });
    this.#running = { grpc, listener };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const closed = new Promise((resolve) => running.listener.close(resolve));
    running.grpc.forceShutdown();
    this.dropConnections();
    await closed;
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  sendRaw(bytes: Uint8Array): void {
    for (const socket of this.#sockets) socket.write(bytes);
  }
}

// The service of the standard, whose responses may also be given as bytes.
function service(): ServiceDefinition {
  const entries = Object.entries(workloadApi.definition as ServiceDefinition).map(([name, method]) => [
    name,
    {
      ...method,
      responseSerialize: (value: unknown): Buffer =>
        value instanceof Uint8Array ? Buffer.from(value) : method.responseSerialize(value),
    },
  ]);
  return Object.fromEntries(entries) as ServiceDefinition;
}
