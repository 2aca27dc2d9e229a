// A Workload API for tests that speaks the real protocol on a Unix socket. What it serves and how it fails is under the
// test's control; it checks the security header as a real one must (SPIFFE Workload Endpoint §6).
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type Metadata, type ServiceDefinition } from '@grpc/grpc-js';
import type { X509Bundle } from '../bundle/index.js';
import { Latest } from '../runtime/index.js';
import type { X509Svid } from '../svid/index.js';
import type { X509BundlesResponse } from '../wire/gen/X509BundlesResponse.js';
import type { X509SVIDResponse } from '../wire/gen/X509SVIDResponse.js';
import { StatusError, workloadApi } from '../wire/index.js';
import { x509BundlesResponse, x509SvidResponse } from './workload-api-messages.js';

/** One call as the fake saw it. */
export interface RecordedRequest {
  readonly method: string;
  /** The values of `workload.spiffe.io`. */
  readonly header: readonly string[];
}

type Behaviour =
  | { readonly kind: 'serve'; readonly svids: X509SVIDResponse | Uint8Array; readonly bundles: X509BundlesResponse }
  | { readonly kind: 'fail'; readonly code: status; readonly message: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'stall' };

interface StreamCall {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  write(message: unknown): boolean;
  end(): void;
  emit(event: 'error', error: Error): boolean;
  on(event: 'cancelled', listener: () => void): unknown;
}

const noIdentity: Behaviour = { kind: 'fail', code: status.PERMISSION_DENIED, message: 'no identity issued' };

/** A fake agent. At first it issues no identity. */
export class FakeWorkloadApi implements AsyncDisposable {
  readonly #path: string;
  readonly #folder: string | undefined;
  readonly #behaviour = new Latest<Behaviour>(noIdentity);
  readonly #sockets = new Set<Socket>();
  readonly #requests: RecordedRequest[] = [];
  #running: { readonly grpc: Server; readonly listener: NetServer } | undefined;

  private constructor(path: string, folder: string | undefined) {
    this.#path = path;
    this.#folder = folder;
  }

  /** Starts a fake on `path`, or on a socket in a new temporary folder that goes away with it. */
  static async start(options: { readonly path?: string } = {}): Promise<FakeWorkloadApi> {
    const folder = options.path === undefined ? await mkdtemp(join(tmpdir(), 'fake-workload-api-')) : undefined;
    const fake = new FakeWorkloadApi(options.path ?? join(folder ?? '', 'api.sock'), folder);
    await fake.resume();
    return fake;
  }

  /** For `SPIFFE_ENDPOINT_SOCKET` or the option `address`. */
  get address(): string {
    return `unix://${this.#path}`;
  }

  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  /** Pushes these SVIDs and bundles to every stream, open or new. Bundles of other trust domains go out as federated. */
  setX509(svids: readonly X509Svid[], bundles: readonly X509Bundle[]): void {
    this.setX509Response(x509SvidResponse(svids, bundles), x509BundlesResponse(bundles));
  }

  /** Pushes a message as it is, however malformed; bytes go out unencoded. */
  setX509Response(svids: X509SVIDResponse | Uint8Array, bundles: X509BundlesResponse = {}): void {
    this.#behaviour.set({ kind: 'serve', svids, bundles });
  }

  /** Fails every stream, open or new, until something else is set. */
  fail(code: status, message = 'failed by the test'): void {
    this.#behaviour.set({ kind: 'fail', code, message });
  }

  /** Ends every stream, open or new, with OK, until something else is set. */
  end(): void {
    this.#behaviour.set({ kind: 'end' });
  }

  /** New streams get no answer, and open ones no more, until something else is set. */
  stall(): void {
    this.#behaviour.set({ kind: 'stall' });
  }

  /** Breaks every connection; new ones are served as before. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Stops listening, breaks every connection and removes the socket. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const closed = new Promise((resolve) => running.listener.close(resolve));
    running.grpc.forceShutdown();
    this.dropConnections();
    await closed;
  }

  /** Listens again on the same path, which is then a new socket. */
  async resume(): Promise<void> {
    const grpc = new Server({ 'grpc.enable_channelz': 0 });
    grpc.addService(service(), {
      FetchX509SVID: (call: StreamCall) => void this.#stream('FetchX509SVID', call, ({ svids }) => svids),
      FetchX509Bundles: (call: StreamCall) => void this.#stream('FetchX509Bundles', call, ({ bundles }) => bundles),
    });
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#behaviour.end();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  async #stream(
    method: string,
    call: StreamCall,
    message: (served: Extract<Behaviour, { kind: 'serve' }>) => unknown,
  ): Promise<void> {
    const header = call.metadata.get('workload.spiffe.io').map(String);
    this.#requests.push({ method, header });
    if (header.length !== 1 || header[0] !== 'true') {
      call.emit('error', new StatusError(status.INVALID_ARGUMENT, 'security header missing from request'));
      return;
    }
    const gone = new AbortController();
    call.on('cancelled', () => {
      gone.abort();
    });
    try {
      for await (const behaviour of this.#behaviour.watch({ signal: gone.signal })) {
        if (behaviour.kind === 'serve') call.write(message(behaviour));
        else if (behaviour.kind === 'fail') call.emit('error', new StatusError(behaviour.code, behaviour.message));
        else if (behaviour.kind === 'end') call.end();
        if (behaviour.kind === 'fail' || behaviour.kind === 'end') return;
      }
      call.end();
    } catch {
      // The caller went away.
    }
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
