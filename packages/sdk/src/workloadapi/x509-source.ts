// A live X.509-SVID and live bundles from the Workload API, for as long as the process runs. Getters are synchronous, so
// that they work inside a TLS handshake.
import { EventEmitter } from 'node:events';
import {
  Latest,
  sdkError,
  silentLogger,
  systemClock,
  type Clock,
  type Logger,
  type SpiffeError,
} from '../runtime/index.js';
import type { X509Bundle, X509BundleSource } from '../bundle/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import type { X509Svid, X509SvidSource } from '../svid/index.js';
import { WorkloadApiClient, type CallOptions, type WorkloadApiClientOptions } from './client.js';
import { svidPicker, type SvidChoice } from './svid-choice.js';
import type { X509Context } from './x509-context.js';

export interface X509SourceOptions extends WorkloadApiClientOptions, SvidChoice {
  /** A client to use instead of an own one; it stays open when the source closes. */
  readonly client?: WorkloadApiClient | undefined;
  /** How long `create` waits for the first valid update. Default: as long as `signal` allows. */
  readonly timeoutMs?: number | undefined;
  /**
   * What PERMISSION_DENIED does to the identities held. `drop` (default): they are no longer used, as SPIFFE Workload
   * API §5.2.1 says; `keep`: they are used until they expire.
   */
  readonly onRevoked?: 'drop' | 'keep' | undefined;
}

interface X509SourceEvents {
  /** The new context; undefined when the identities were revoked. */
  update: [context: X509Context | undefined];
  /** Without a listener it goes to the logger; it never ends the process. */
  error: [error: SpiffeError];
  close: [];
}

interface State {
  readonly context: X509Context | undefined;
  readonly svid: X509Svid | undefined;
  readonly revoked: SpiffeError | undefined;
}

/** A source of the SVID and the bundles of this process. */
export class X509Source
  extends EventEmitter<X509SourceEvents>
  implements X509SvidSource, X509BundleSource, AsyncDisposable
{
  readonly #state = new Latest<State>({ context: undefined, svid: undefined, revoked: undefined });
  readonly #stopped = new AbortController();
  readonly #pick: (context: X509Context) => X509Svid;
  readonly #onRevoked: 'drop' | 'keep';
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #client: WorkloadApiClient;
  readonly #ownsClient: boolean;
  readonly #following: Promise<void>;
  #lastError: SpiffeError | undefined;
  #healthy = false;

  private constructor(options: X509SourceOptions) {
    super();
    // Every server, agent and loop that uses this source listens.
    this.setMaxListeners(0);
    this.#pick = svidPicker(options);
    this.#onRevoked = options.onRevoked ?? 'drop';
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#ownsClient = options.client === undefined;
    this.#client = options.client ?? new WorkloadApiClient({ ...options, signal: undefined });
    this.#following = this.#follow();
  }

  /**
   * Resolves with the first valid update. `signal` and `timeoutMs` limit this call only.
   *
   * @throws SpiffeError `ERR_SPIFFE_ENDPOINT`, `ERR_SPIFFE_WORKLOAD_API` (a status that must not be retried, or no
   * valid update in time; the last failure is the `cause`); `signal.reason`.
   */
  static async create(options: X509SourceOptions = {}): Promise<X509Source> {
    options.signal?.throwIfAborted();
    const source = new X509Source(options);
    try {
      await source.#ready(options);
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /**
   * The newest update as a whole.
   *
   * @throws SpiffeError `ERR_SPIFFE_CLOSED`, `ERR_SPIFFE_NO_IDENTITY` after a revocation.
   */
  get context(): X509Context {
    const { context, revoked } = this.#current();
    if (context === undefined) throw noIdentity(revoked);
    return context;
  }

  /** Whether updates are coming in: false while the Workload API is away or denies, or has let the SVID expire. */
  get healthy(): boolean {
    const { svid } = this.#state.value;
    return this.#healthy && svid !== undefined && this.#clock.now() <= svid.expiresAt;
  }

  get closed(): boolean {
    return this.#stopped.signal.aborted;
  }

  /** The chosen X.509-SVID. Throws as `context`. */
  getX509Svid(): X509Svid {
    const { svid, revoked } = this.#current();
    if (svid === undefined) throw noIdentity(revoked);
    return svid;
  }

  /** Throws as `context`, and `ERR_SPIFFE_NO_BUNDLE`. */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.context.bundles.getX509BundleForTrustDomain(trustDomain);
  }

  /** Every bundle held. Throws as `context`. */
  get bundles(): readonly X509Bundle[] {
    return this.context.bundles.bundles;
  }

  /**
   * Each context from now on, after the current one unless `initial` is false. Each loop is independent; a slow reader
   * skips to the newest. Ends when the source closes.
   *
   * @throws `signal.reason`
   */
  async *updates(
    options: CallOptions & { readonly initial?: boolean } = {},
  ): AsyncGenerator<X509Context, void, undefined> {
    for await (const { context } of this.#state.watch(options)) {
      if (context !== undefined) yield context;
    }
  }

  /**
   * The next context.
   *
   * @throws SpiffeError `ERR_SPIFFE_CLOSED`; `signal.reason`.
   */
  async waitUntilUpdated(options: CallOptions = {}): Promise<X509Context> {
    for await (const context of this.updates({ ...options, initial: false })) return context;
    throw closedError();
  }

  /** Stops, and resolves when the watch has ended. */
  async close(): Promise<void> {
    if (this.closed) return this.#following;
    this.#stopped.abort(closedError());
    this.#healthy = false;
    this.#state.end();
    if (this.#ownsClient) await this.#client.close();
    await this.#following;
    this.#announce('close');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #current(): State {
    if (this.closed) throw closedError();
    return this.#state.value;
  }

  async #ready({ timeoutMs = Infinity, signal }: X509SourceOptions): Promise<void> {
    const over = new AbortController();
    const limit = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    const late = (): void => {
      over.abort(unavailable(`no valid update came within ${timeoutMs} ms`, this.#lastError));
    };
    // With `ref: false` this wait alone keeps the process alive until there is an identity.
    this.#clock.sleep(timeoutMs, { signal: limit }).then(late, () => undefined);
    try {
      for await (const { context } of this.#state.watch({ signal: limit })) if (context !== undefined) return;
    } finally {
      over.abort();
    }
    throw this.#lastError ?? closedError();
  }

  async #follow(): Promise<void> {
    try {
      await this.#client.followX509Context(this.#update, { signal: this.#stopped.signal, onError: this.#failed });
    } catch (error) {
      if (this.closed) return;
      this.#failed(error as SpiffeError);
      this.#state.end();
    }
  }

  readonly #update = (context: X509Context): void => {
    let svid: X509Svid;
    try {
      svid = this.#pick(context);
    } catch (error) {
      this.#failed(error as SpiffeError);
      return;
    }
    this.#healthy = true;
    if (this.#state.value.context?.equals(context) === true) return;
    this.#set({ context, svid, revoked: undefined });
  };

  readonly #failed = (error: SpiffeError): void => {
    this.#lastError = error;
    this.#healthy = false;
    if (
      error.code === 'ERR_SPIFFE_NO_IDENTITY' &&
      this.#onRevoked === 'drop' &&
      this.#state.value.context !== undefined
    ) {
      this.#set({ context: undefined, svid: undefined, revoked: error });
    }
    if (this.listenerCount('error') > 0) this.#announce('error', error);
    else this.#logger.warn({ code: error.code, error: error.message }, 'x509 source failed to update');
  };

  #set(state: State): void {
    this.#state.set(state);
    this.#announce('update', state.context);
  }

  // A listener that throws fails as every callback does, but neither the other listeners nor the watch with it.
  #announce<Name extends keyof X509SourceEvents>(name: Name, ...event: X509SourceEvents[Name]): void {
    for (const listener of this.rawListeners(name)) {
      try {
        Reflect.apply(listener, this, event);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}

function noIdentity(cause: unknown): Error {
  return sdkError('ERR_SPIFFE_NO_IDENTITY', 'the Workload API has revoked the identities of this process', { cause });
}

function closedError(): Error {
  return sdkError('ERR_SPIFFE_CLOSED', 'the X.509 source is closed');
}

function unavailable(problem: string, cause: SpiffeError | undefined): Error {
  const last = cause === undefined ? '' : `; last failure: ${cause.message}`;
  return sdkError('ERR_SPIFFE_WORKLOAD_API', `${problem}${last}`, { cause });
}
