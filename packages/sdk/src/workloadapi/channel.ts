// The connection to the Workload API and the calls on it. Every call carries the security header (SPIFFE Workload
// Endpoint §3). After a failure the next call dials anew, so that the waits between attempts are ours alone.
import {
  credentials,
  Metadata,
  status,
  type ChannelCredentials,
  type ClientReadableStream,
  type ClientUnaryCall,
  type requestCallback,
} from '@grpc/grpc-js';
import { isSpiffeError, sdkError } from '../runtime/index.js';
import { isServiceError, workloadApi } from '../wire/index.js';
import { DetachedCredentials } from './detached-credentials.js';
import { grpcTarget, type Endpoint } from './endpoint.js';

type ApiClient = ReturnType<typeof workloadApi.createClient>;

/** One server-streaming RPC of the Workload API. */
export type OpenStream<Response> = (client: ApiClient, metadata: Metadata) => ClientReadableStream<Response>;

/** One RPC of the Workload API with a single answer. */
export type Invoke<Response> = (
  client: ApiClient,
  metadata: Metadata,
  done: requestCallback<Response>,
) => ClientUnaryCall;

export interface ChannelOptions {
  readonly endpoint: Endpoint;
  readonly maxMessageBytes: number;
  /** How long a connection with open calls may be silent before it is probed. */
  readonly keepaliveMs: number;
  /** Whether open calls keep the process alive. */
  readonly ref: boolean;
}

// How long a probe may stay unanswered at most.
const longestProbeMs = 20_000;

// What ends a connection besides the other side's leaving: Node resets it after about a thousand quick cancellations.
const broken: ReadonlySet<status> = new Set([status.UNAVAILABLE, status.INTERNAL]);

/** A connection that is made when it is first needed, and made again after it broke. */
export class Channel {
  readonly #target: string;
  readonly #options: Readonly<Record<string, number>>;
  readonly #credentials: ChannelCredentials;
  readonly #closed = new AbortController();
  #client: ApiClient | undefined;

  constructor({ endpoint, maxMessageBytes, keepaliveMs, ref }: ChannelOptions) {
    this.#target = grpcTarget(endpoint);
    this.#credentials = ref ? credentials.createInsecure() : new DetachedCredentials();
    this.#options = {
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.keepalive_time_ms': keepaliveMs,
      'grpc.keepalive_timeout_ms': Math.min(keepaliveMs, longestProbeMs),
      'grpc.enable_channelz': 0,
      // SPIFFE Workload Endpoint §4: the address says where the keys come from. Neither a proxy that the environment
      // names nor DNS has a say in it.
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
      // A shared subchannel would keep gRPC's own backoff across our channels.
      'grpc.use_local_subchannel_pool': 1,
    };
    // Everything is read from disk now: the process may give up its rights before it connects.
    this.#client = this.#createClient();
  }

  /** Aborts when the channel closes. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /**
   * Runs one stream and hands each message to `receive`, until the stream ends or `receive` returns false.
   *
   * @throws ServiceError; `signal.reason`; what `receive` throws.
   */
  read<R>(open: OpenStream<R>, receive: (response: R) => boolean, signal: AbortSignal): Promise<void> {
    return this.#attempt((client) => drain(open(client, securityHeader()), receive, signal), signal);
  }

  /** Makes one call. Throws as `read`. */
  call<R>(invoke: Invoke<R>, signal: AbortSignal): Promise<R> {
    return this.#attempt((client) => answer(client, invoke, signal), signal);
  }

  /** Ends every call and the connection; later calls fail with `ERR_SPIFFE_CLOSED`. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(sdkError('ERR_SPIFFE_CLOSED', 'the Workload API client is closed'));
    if (this.#client !== undefined) closeClient(this.#client);
  }

  async #attempt<T>(run: (client: ApiClient) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const client = (this.#client ??= this.#createClient());
    try {
      return await run(client);
    } catch (error) {
      // A call that ran out of time may have been on a connection on which nothing comes any more.
      const isLate = signal.aborted && isSpiffeError(signal.reason, 'ERR_SPIFFE_WORKLOAD_API');
      if (isLate || (isServiceError(error) && broken.has(error.code))) this.#discard(client);
      signal.throwIfAborted();
      throw error;
    }
  }

  #createClient(): ApiClient {
    return workloadApi.createClient(this.#target, this.#credentials, this.#options);
  }

  #discard(client: ApiClient): void {
    closeClient(client);
    if (this.#client === client) this.#client = undefined;
  }
}

// Twice: gRPC resolves its target in a later tick, closed or not, and then connects with nobody left to close it.
function closeClient(client: ApiClient): void {
  client.close();
  setImmediate(() => {
    client.close();
  });
}

function securityHeader(): Metadata {
  const metadata = new Metadata();
  metadata.set('workload.spiffe.io', 'true');
  return metadata;
}

function drain<R>(
  call: ClientReadableStream<R>,
  receive: (response: R) => boolean,
  signal: AbortSignal,
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const cancel = (): void => {
      call.cancel();
    };
    signal.addEventListener('abort', cancel, { once: true });
    call.on('data', (response: R) => {
      try {
        if (receive(response)) return;
        resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error('the receiver failed', { cause: error }));
      }
      cancel();
    });
    call.on('error', reject);
    call.on('end', resolve);
    call.on('status', () => {
      signal.removeEventListener('abort', cancel);
    });
  });
}

function answer<R>(client: ApiClient, invoke: Invoke<R>, signal: AbortSignal): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    const call = invoke(client, securityHeader(), (error, response) => {
      signal.removeEventListener('abort', cancel);
      if (error === null && response !== undefined) resolve(response);
      else reject(error ?? new Error('the call ended without an answer'));
    });
    const cancel = (): void => {
      call.cancel();
    };
    signal.addEventListener('abort', cancel, { once: true });
  });
}
