// How the RPCs of the Workload API are used: one answer within a time, or a watch that reconnects until it is aborted.
import { status } from '@grpc/grpc-js';
import {
  joinSignals,
  Latest,
  sdkError,
  type Clock,
  type Logger,
  type Random,
  type SpiffeError,
} from '../runtime/index.js';
import { isServiceError } from '../wire/index.js';
import type { Channel } from './channel.js';
import { failureOf } from './failure.js';
import type { StreamProfile, UnaryProfile } from './profiles.js';
import { reconnect } from './reconnect.js';
import type { Reading, ResponseLimits } from './response-fields.js';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long the call may take. Default: as long as `signal` allows. */
  readonly timeoutMs?: number | undefined;
}

export interface WatchOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Told of every failure. `retryInMs` is the wait before the next attempt, undefined for a message, or a part of one,
   * that was discarded while its stream goes on. Default: a warning in the log.
   */
  readonly onError?: ((error: SpiffeError, retryInMs: number | undefined) => void) | undefined;
}

type OnError = NonNullable<WatchOptions['onError']>;

export interface CallsOptions {
  readonly channel: Channel;
  readonly limits: ResponseLimits;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Whether the waits of a watch keep the process alive. */
  readonly ref: boolean;
}

export class Calls {
  readonly #options: CallsOptions;

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  /** One call of an RPC with a single answer. */
  async call<R, T>({ invoke, parse }: UnaryProfile<R, T>, options: CallOptions = {}): Promise<T> {
    const response = await this.#attempt((signal) => this.#options.channel.call(invoke, signal), options);
    return this.#parsed(parse, response, this.#warn);
  }

  /** The first message of a stream. */
  async first<R, T>({ open, parse }: StreamProfile<R, T>, options: CallOptions = {}): Promise<T> {
    let first: { readonly response: R } | undefined;
    const receive = (response: R): false => {
      first = { response };
      return false;
    };
    await this.#attempt((signal) => this.#options.channel.read(open, receive, signal), options);
    if (first === undefined) throw failureOf(undefined).error;
    return this.#parsed(parse, first.response, this.#warn);
  }

  /** Each new value; a slow reader skips to the newest. */
  async *watch<R, T>(profile: StreamProfile<R, T>, options: WatchOptions = {}): AsyncGenerator<T, void, undefined> {
    using left = joinSignals(options.signal);
    const { signal } = left;
    const latest = new Latest<T | undefined>(undefined);
    const set = (value: T): void => {
      latest.set(value);
    };
    const following = this.follow(profile, set, { ...options, signal }).catch((error: unknown) => {
      latest.end(error as Error);
    });
    try {
      for await (const value of latest.watch({ initial: false, signal })) if (value !== undefined) yield value;
    } finally {
      left.abort();
      await following;
    }
  }

  /** The push form of `watch`. Rejects when the watch ends, also with what `onUpdate` throws. */
  async follow<R, T>(
    { open, parse }: StreamProfile<R, T>,
    onUpdate: (value: T) => void,
    { signal, onError = this.#warn }: WatchOptions = {},
  ): Promise<never> {
    const { channel } = this.#options;
    using ends = joinSignals(signal, channel.closed);
    const attempt = (valid: () => void): Promise<void> => {
      const receive = (response: R): true => {
        const value = this.#accepted(parse, response, onError);
        if (value === undefined) return true;
        valid();
        try {
          onUpdate(value.value);
        } catch (error) {
          ends.abort(error); // No failure of the Workload API, which would be asked again.
        }
        return true;
      };
      return channel.read(open, receive, ends.signal);
    };
    return await reconnect(attempt, { ...this.#options, signal: ends.signal, onFailure: onError });
  }

  async #attempt<T>(run: (signal: AbortSignal) => Promise<T>, { signal, timeoutMs }: CallOptions): Promise<T> {
    const { channel, clock } = this.#options;
    using ends = joinSignals(signal, channel.closed);
    if (timeoutMs !== undefined) {
      clock.sleep(timeoutMs, { signal: ends.signal, ref: false }).then(
        () => {
          ends.abort(late(timeoutMs));
        },
        () => undefined,
      );
    }
    try {
      // INTERNAL is what a connection gives that was reset for too many quick calls; a new one begins afresh.
      return await run(ends.signal).catch((error: unknown) => {
        if (isServiceError(error) && error.code === status.INTERNAL) return run(ends.signal);
        throw error;
      });
    } catch (error) {
      ends.signal.throwIfAborted();
      throw failureOf(error).error;
    } finally {
      ends.abort();
    }
  }

  // SPIFFE Workload API §4.5: a message that breaks the rules is reported and discarded; the state before it stays.
  #accepted<R, T>(
    parse: StreamProfile<R, T>['parse'],
    response: R,
    onError: OnError,
  ): { readonly value: T } | undefined {
    try {
      return { value: this.#parsed(parse, response, onError) };
    } catch (error) {
      onError(error as SpiffeError, undefined);
      return undefined;
    }
  }

  #parsed<R, T>(parse: (response: R, reading: Reading) => T, response: R, onError: OnError): T {
    const { clock, limits } = this.#options;
    const report = (problem: SpiffeError): void => {
      onError(problem, undefined);
    };
    try {
      return parse(response, { now: clock.now(), limits, report });
    } catch (error) {
      const problem = error instanceof Error ? error.message : 'malformed';
      throw sdkError('ERR_SPIFFE_RESPONSE', `the Workload API sent a response that is discarded: ${problem}`, {
        cause: error,
      });
    }
  }

  readonly #warn: OnError = (error, retryInMs) => {
    this.#options.logger.warn({ code: error.code, error: error.message, retryInMs }, 'workload api failure');
  };
}

function late(timeoutMs: number): SpiffeError {
  return sdkError('ERR_SPIFFE_WORKLOAD_API', `the Workload API gave no answer within ${timeoutMs} ms`, {
    details: { grpcCode: status[status.DEADLINE_EXCEEDED] },
  });
}
