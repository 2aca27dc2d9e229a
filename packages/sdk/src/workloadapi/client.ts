// The client of the SPIFFE Workload API (§5.2): single calls, and watches that reconnect until they are aborted. Each
// profile is a pair of an RPC and a parser, so that a further kind of SVID adds a pair and no machinery.
import { status } from '@grpc/grpc-js';
import {
  Latest,
  sdkError,
  silentLogger,
  systemClock,
  systemRandom,
  type Clock,
  type Logger,
  type Random,
  type SpiffeError,
} from '../runtime/index.js';
import type { X509BundleSet } from '../bundle/index.js';
import type { X509Svid } from '../svid/index.js';
import { isServiceError } from '../wire/index.js';
import { Channel, type OpenStream } from './channel.js';
import { resolveEndpoint } from './endpoint.js';
import { failureOf } from './failure.js';
import { reconnect } from './reconnect.js';
import { parseX509Bundles, parseX509Context, type Reading, type X509Context } from './x509-context.js';

export interface WorkloadApiClientOptions {
  /** `unix:///…` or `tcp://<IP>:<port>`; default: the variable SPIFFE_ENDPOINT_SOCKET. */
  readonly address?: string | undefined;
  /** The largest message that is accepted. Default 4 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
  /** Closes the client when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** False: neither calls nor watches keep the process alive, but for `X509Source.create`. Default true. */
  readonly ref?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface WatchOptions extends CallOptions {
  /**
   * Told of every failure. `retryInMs` is the wait before the next attempt, undefined for a message, or a part of one,
   * that was discarded while its stream goes on. Default: a warning in the log.
   */
  readonly onError?: ((error: SpiffeError, retryInMs: number | undefined) => void) | undefined;
}

type OnError = NonNullable<WatchOptions['onError']>;

interface Profile<Response, Value> {
  readonly open: OpenStream<Response>;
  readonly parse: (response: Response, reading: Reading) => Value;
}

const x509Context = {
  open: (client, metadata) => client.FetchX509SVID({}, metadata),
  parse: parseX509Context,
} satisfies Profile<Parameters<typeof parseX509Context>[0], X509Context>;

const x509Bundles = {
  open: (client, metadata) => client.FetchX509Bundles({}, metadata),
  parse: parseX509Bundles,
} satisfies Profile<Parameters<typeof parseX509Bundles>[0], X509BundleSet>;

/**
 * A client of the Workload API. It connects when it is first used. Whoever needs an SVID again and again holds an
 * X509Source: each single call is a new attestation of this process.
 */
export class WorkloadApiClient implements AsyncDisposable {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #ref: boolean;

  /** @throws SpiffeError `ERR_SPIFFE_ENDPOINT` */
  constructor(options: WorkloadApiClientOptions = {}) {
    const { address, maxMessageBytes = 4 * 1024 * 1024, ref = true, signal } = options;
    this.#channel = new Channel({ endpoint: resolveEndpoint(address), maxMessageBytes, ref });
    this.#ref = ref;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? systemRandom;
    this.#logger = options.logger ?? silentLogger;
    signal?.addEventListener('abort', () => void this.close(), { signal: this.#channel.closed });
    if (signal?.aborted === true) void this.close();
  }

  /**
   * One attempt at the X.509-SVIDs and bundles of this process.
   *
   * @throws SpiffeError `ERR_SPIFFE_NO_IDENTITY`, `ERR_SPIFFE_WORKLOAD_API` (`details.grpcCode`), `ERR_SPIFFE_RESPONSE`,
   * `ERR_SPIFFE_CLOSED`; `signal.reason`.
   */
  fetchX509Context(options?: CallOptions): Promise<X509Context> {
    return this.#fetch(x509Context, options);
  }

  /** The default X.509-SVID, which is the first (SPIFFE Workload API §8). Throws as `fetchX509Context`. */
  async fetchX509Svid(options?: CallOptions): Promise<X509Svid> {
    return (await this.fetchX509Context(options)).defaultSvid;
  }

  /** Every X.509-SVID of this process. Throws as `fetchX509Context`. */
  async fetchX509Svids(options?: CallOptions): Promise<readonly X509Svid[]> {
    return (await this.fetchX509Context(options)).svids;
  }

  /** The X.509 bundles alone. Throws as `fetchX509Context`. */
  fetchX509Bundles(options?: CallOptions): Promise<X509BundleSet> {
    return this.#fetch(x509Bundles, options);
  }

  /**
   * Each new X.509 context, reconnecting until the loop is left. A slow reader skips to the newest.
   *
   * @throws SpiffeError `ERR_SPIFFE_WORKLOAD_API` for a status that must not be retried, `ERR_SPIFFE_CLOSED`;
   * `signal.reason`.
   */
  watchX509Context(options?: WatchOptions): AsyncGenerator<X509Context, void, undefined> {
    return this.#watch(x509Context, options);
  }

  /** Each new set of X.509 bundles. As `watchX509Context`. */
  watchX509Bundles(options?: WatchOptions): AsyncGenerator<X509BundleSet, void, undefined> {
    return this.#watch(x509Bundles, options);
  }

  /**
   * The push form of `watchX509Context`: `onUpdate` and `onError` are called in the order in which things happened.
   * Rejects when the watch ends.
   */
  followX509Context(onUpdate: (context: X509Context) => void, options?: WatchOptions): Promise<never> {
    return this.#follow(x509Context, onUpdate, options);
  }

  /** Ends every call and the connection. */
  close(): Promise<void> {
    this.#channel.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #fetch<R, T>({ open, parse }: Profile<R, T>, options: CallOptions = {}): Promise<T> {
    const signal = this.#signal(options.signal);
    let first: { readonly response: R } | undefined;
    const read = (): Promise<void> =>
      this.#channel.read(
        open,
        (response) => {
          first = { response };
          return false;
        },
        signal,
      );
    try {
      // INTERNAL is what a connection gives that was reset for too many quick calls; a new one begins afresh.
      await read().catch((error: unknown) => {
        if (isServiceError(error) && error.code === status.INTERNAL) return read();
        throw error;
      });
    } catch (error) {
      signal.throwIfAborted();
      throw failureOf(error).error;
    }
    if (first === undefined) throw failureOf(undefined).error;
    return this.#parsed(parse, first.response, this.#warn);
  }

  async *#watch<R, T>(profile: Profile<R, T>, options: WatchOptions = {}): AsyncGenerator<T, void, undefined> {
    const left = new AbortController();
    const signal = options.signal === undefined ? left.signal : AbortSignal.any([options.signal, left.signal]);
    const latest = new Latest<T | undefined>(undefined);
    const following = this.#follow(
      profile,
      (value) => {
        latest.set(value);
      },
      { ...options, signal },
    ).catch((error: unknown) => {
      latest.end(error as Error);
    });
    try {
      for await (const value of latest.watch({ initial: false, signal })) {
        if (value !== undefined) yield value;
      }
    } finally {
      left.abort();
      await following;
    }
  }

  #follow<R, T>(
    { open, parse }: Profile<R, T>,
    onUpdate: (value: T) => void,
    options: WatchOptions = {},
  ): Promise<never> {
    const signal = this.#signal(options.signal);
    const onError = options.onError ?? this.#warn;
    const attempt = (valid: () => void): Promise<void> => {
      const receive = (response: R): true => {
        const value = this.#accepted(parse, response, onError);
        if (value === undefined) return true;
        valid();
        onUpdate(value.value);
        return true;
      };
      return this.#channel.read(open, receive, signal);
    };
    return reconnect(attempt, {
      clock: this.#clock,
      random: this.#random,
      ref: this.#ref,
      signal,
      onFailure: onError,
    });
  }

  // SPIFFE Workload API §4.5: a message that breaks the rules is reported and discarded; the state before it stays.
  #accepted<R, T>(parse: Profile<R, T>['parse'], response: R, onError: OnError): { readonly value: T } | undefined {
    try {
      return { value: this.#parsed(parse, response, onError) };
    } catch (error) {
      onError(error as SpiffeError, undefined);
      return undefined;
    }
  }

  #parsed<R, T>(parse: Profile<R, T>['parse'], response: R, onError: OnError): T {
    const report = (problem: SpiffeError): void => {
      onError(problem, undefined);
    };
    try {
      return parse(response, { now: this.#clock.now(), report });
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'malformed';
      throw sdkError('ERR_SPIFFE_RESPONSE', `the Workload API sent a response that is discarded: ${problem}`, {
        cause: error,
      });
    }
  }

  readonly #warn: OnError = (error, retryInMs) => {
    this.#logger.warn({ code: error.code, error: error.message, retryInMs }, 'workload api failure');
  };

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#channel.closed : AbortSignal.any([signal, this.#channel.closed]);
  }
}
