// The connection to the Workload API and the calls on it. Every call carries the security header (SPIFFE Workload
// Endpoint §3). After a failure the next call dials anew, so that the waits between attempts are ours alone.
import { credentials, Metadata, status, type ChannelCredentials, type ClientReadableStream } from '@grpc/grpc-js';
import { sdkError } from '../runtime/index.js';
import { isServiceError, workloadApi } from '../wire/index.js';
import { DetachedCredentials } from './detached-credentials.js';
import { grpcTarget, type Endpoint } from './endpoint.js';

type ApiClient = ReturnType<typeof workloadApi.createClient>;

/** One server-streaming RPC of the Workload API. */
export type OpenStream<Response> = (client: ApiClient, metadata: Metadata) => ClientReadableStream<Response>;

export interface ChannelOptions {
  readonly endpoint: Endpoint;
  readonly maxMessageBytes: number;
  /** Whether open calls keep the process alive. */
  readonly ref: boolean;
}

// What ends a connection besides the other side's leaving: Node resets it after about a thousand quick cancellations.
const broken: ReadonlySet<status> = new Set([status.UNAVAILABLE, status.INTERNAL]);

/** A connection that is made when it is first needed, and made again after it broke. */
export class Channel {
  readonly #target: string;
  readonly #options: Readonly<Record<string, number>>;
  readonly #credentials: ChannelCredentials;
  readonly #closed = new AbortController();
  #client: ApiClient | undefined;

  constructor({ endpoint, maxMessageBytes, ref }: ChannelOptions) {
    this.#target = grpcTarget(endpoint);
    this.#credentials = ref ? credentials.createInsecure() : new DetachedCredentials();
    this.#options = {
      'grpc.max_receive_message_length': maxMessageBytes,
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
  async read<R>(open: OpenStream<R>, receive: (response: R) => boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const client = (this.#client ??= this.#createClient());
    try {
      await drain(open(client, securityHeader()), receive, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isServiceError(error) && broken.has(error.code)) this.#discard(client);
      throw error;
    }
  }

  /** Ends every call and the connection; later calls fail with `ERR_SPIFFE_CLOSED`. */
  close(): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(sdkError('ERR_SPIFFE_CLOSED', 'the Workload API client is closed'));
    this.#client?.close();
  }

  #createClient(): ApiClient {
    return workloadApi.createClient(this.#target, this.#credentials, this.#options);
  }

  #discard(client: ApiClient): void {
    client.close();
    if (this.#client === client) this.#client = undefined;
  }
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
