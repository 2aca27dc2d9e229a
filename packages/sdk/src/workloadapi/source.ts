// What the sources have in common: a value from the Workload API that is kept current for as long as the process runs. The
// value is replaced as a whole, never merged (SPIFFE Workload API §4.4).
import { EventEmitter } from 'node:events';
import {
  guarded,
  joinSignals,
  Latest,
  sdkError,
  systemClock,
  type Clock,
  type Logger,
  type SpiffeError,
} from '../runtime/index.js';
import { announce } from './announce.js';
import type { CallOptions } from './calls.js';
import { WorkloadApiClient, type WorkloadApiClientOptions } from './client.js';

export interface SourceOptions extends WorkloadApiClientOptions {
  /** A client to use instead of an own one; it stays open when the source closes. */
  readonly client?: WorkloadApiClient | undefined;
  /** How long `create` waits for the first valid update. Default: as long as `signal` allows. */
  readonly timeoutMs?: number | undefined;
  /**
   * What PERMISSION_DENIED does to what is held. `drop` (default): it is no longer used, as SPIFFE Workload API §5.2.1
   * says; `keep`: it is used until it expires.
   */
  readonly onRevoked?: 'drop' | 'keep' | undefined;
}

export interface SourceEvents<Value> {
  /** The new value; undefined when it was revoked. */
  update: [value: Value | undefined];
  /** Without a listener it goes to the logger; it never ends the process. */
  error: [error: SpiffeError];
  close: [];
}

/** What a stream of a source tells it. */
export interface StreamEvents {
  /** A valid update came. */
  readonly updated: () => void;
  readonly failed: (error: SpiffeError) => void;
  /** Aborts when nothing more is taken. */
  readonly signal: AbortSignal;
}

/** One of the streams that a source needs. */
export interface SourceStream {
  /** Follows the stream until the signal aborts; rejects when it ends for good. */
  readonly follow: (client: WorkloadApiClient, events: StreamEvents) => Promise<never>;
  /** Forgets what came from the stream, because it was revoked. */
  readonly forget: () => void;
}

interface Comparable<Value> {
  equals(other: Value): boolean;
}

interface State<Value> {
  readonly value: Value | undefined;
  readonly revoked: SpiffeError | undefined;
}

/** A source of `Value`s. It is an emitter of `update`, `error` and `close`. */
export abstract class Source<Value extends Comparable<Value>>
  extends EventEmitter<SourceEvents<Value>>
  implements AsyncDisposable
{
  readonly #name: string;
  readonly #state = new Latest<State<Value>>({ value: undefined, revoked: undefined });
  readonly #stopped = new AbortController();
  /** Aborts when the source closes, and when one of its streams has ended for good. */
  readonly #ended = new AbortController();
  readonly #onRevoked: 'drop' | 'keep';
  readonly #logger: Logger;
  readonly #ownsClient: boolean;
  readonly #unhealthy = new Set<SourceStream>();
  #following: Promise<unknown> = Promise.resolve();
  #lastError: SpiffeError | undefined;
  protected readonly clock: Clock;
  protected readonly client: WorkloadApiClient;

  protected constructor(name: string, options: SourceOptions) {
    super();
    // Every server, agent and loop that uses this source listens.
    this.setMaxListeners(0);
    this.#name = name;
    this.#onRevoked = options.onRevoked === 'keep' ? 'keep' : 'drop';
    this.clock = options.clock ?? systemClock;
    this.#logger = guarded(options.logger);
    this.#ownsClient = options.client === undefined;
    this.client = options.client ?? new WorkloadApiClient({ ...options, signal: undefined });
  }

  /** Whether updates are coming in: false while the Workload API is away or denies. */
  get healthy(): boolean {
    return this.#state.value.value !== undefined && this.#unhealthy.size === 0 && !this.closed;
  }

  get closed(): boolean {
    return this.#stopped.signal.aborted;
  }

  /**
   * Each value from now on, after the current one unless `initial` is false. Each loop is independent; a slow reader
   * skips to the newest. Ends when the source closes.
   *
   * @throws `signal.reason`
   */
  async *updates(
    options: { readonly signal?: AbortSignal | undefined; readonly initial?: boolean } = {},
  ): AsyncGenerator<Value, void, undefined> {
    for await (const { value } of this.#state.watch(options)) if (value !== undefined) yield value;
  }

  /**
   * The next value.
   *
   * @throws SpiffeError `ERR_SPIFFE_CLOSED`, what ended the stream for good; `signal.reason`.
   */
  async waitUntilUpdated({ signal }: Pick<CallOptions, 'signal'> = {}): Promise<Value> {
    for await (const value of this.updates({ signal, initial: false })) return value;
    throw this.#ending();
  }

  /** Stops, and resolves when the watch has ended. */
  async close(): Promise<void> {
    if (!this.closed) {
      this.#stopped.abort(this.#closedError());
      this.#ended.abort();
      this.#state.end();
      if (this.#ownsClient) await this.client.close();
      await this.#following;
      announce(this, 'close');
    }
    await this.#following;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @throws SpiffeError `ERR_SPIFFE_CLOSED`, `ERR_SPIFFE_NO_IDENTITY` after a revocation. */
  protected get current(): Value {
    if (this.closed) throw this.#closedError();
    const { value, revoked } = this.#state.value;
    if (value !== undefined) return value;
    throw sdkError('ERR_SPIFFE_NO_IDENTITY', 'the Workload API has revoked the identities of this process', {
      cause: revoked,
    });
  }

  /** Aborts when the source closes. */
  protected get stopped(): AbortSignal {
    return this.#stopped.signal;
  }

  /** Follows the streams and resolves with the first value; `signal` and `timeoutMs` limit this call only. */
  protected async start(streams: readonly SourceStream[], options: SourceOptions): Promise<this> {
    for (const stream of streams) this.#unhealthy.add(stream);
    this.#following = Promise.all(streams.map((stream) => this.#follow(stream)));
    try {
      await this.#ready(options);
      return this;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Takes a new value, and announces it unless it equals the one before. */
  protected set(value: Value): void {
    if (this.#state.value.value?.equals(value) !== true) this.#set({ value, revoked: undefined });
  }

  /** Reports a failure that leaves the value as it is. */
  protected report(error: SpiffeError): void {
    if (this.listenerCount('error') > 0) announce(this, 'error', error);
    else this.#logger.warn({ code: error.code, error: error.message }, `${this.#name} failed to update`);
  }

  async #follow(stream: SourceStream): Promise<void> {
    const updated = (): void => void this.#unhealthy.delete(stream);
    const failed = (error: SpiffeError): void => {
      this.#failed(stream, error);
    };
    try {
      await stream.follow(this.client, { updated, failed, signal: this.#ended.signal });
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      failed(error as SpiffeError);
      this.#state.end();
      this.#ended.abort(); // What the others bring would be announced and not held.
    }
  }

  #failed(stream: SourceStream, error: SpiffeError): void {
    this.#lastError = error;
    this.#unhealthy.add(stream);
    if (error.code === 'ERR_SPIFFE_NO_IDENTITY' && this.#onRevoked === 'drop') {
      stream.forget();
      if (this.#state.value.value !== undefined) this.#set({ value: undefined, revoked: error });
    }
    this.report(error);
  }

  async #ready({ timeoutMs = Infinity, signal }: SourceOptions): Promise<void> {
    using limit = joinSignals(signal);
    // With `ref: false` this wait alone keeps the process alive until there is an identity.
    this.clock.sleep(timeoutMs, { signal: limit.signal }).then(
      () => {
        limit.abort(unavailable(timeoutMs, this.#lastError));
      },
      () => undefined,
    );
    try {
      for await (const { value } of this.#state.watch({ signal: limit.signal })) if (value !== undefined) return;
    } finally {
      limit.abort();
    }
    throw this.#ending();
  }

  #set(state: State<Value>): void {
    this.#state.set(state);
    announce(this, 'update', state.value);
  }

  // Why no value will come any more.
  #ending(): SpiffeError {
    return this.closed ? this.#closedError() : (this.#lastError ?? this.#closedError());
  }

  #closedError(): SpiffeError {
    return sdkError('ERR_SPIFFE_CLOSED', `the ${this.#name} is closed`);
  }
}

function unavailable(timeoutMs: number, cause: SpiffeError | undefined): SpiffeError {
  const last = cause === undefined ? '' : `; last failure: ${cause.message}`;
  return sdkError('ERR_SPIFFE_WORKLOAD_API', `no valid update came within ${timeoutMs} ms${last}`, { cause });
}
