// gRPC calls as promises that end when they are told to: after their time, or when the signal aborts.
import type { ClientDuplexStream, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import type { Clock } from '@credence/sdk/runtime';
import { agentError } from '../domain/errors.js';

/** How long one call, with all its messages, may take. */
const callTimeoutMs = 30_000;

/**
 * Runs `work` with a signal that aborts with the outer one, or after 30 s.
 *
 * @throws ERR_SERVER_UNREACHABLE when the time is over; the outer signal's reason when that aborts.
 */
export async function withinTime<T>(
  clock: Clock,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  // By hand: AbortSignal.any would leave something on the outer signal, which lives as long as the agent, for each call.
  const ending = new AbortController();
  const end = (): void => {
    ending.abort(signal.reason);
  };
  signal.addEventListener('abort', end, { once: true });
  const finished = new AbortController();
  const timer = clock.sleep(callTimeoutMs, { signal: finished.signal }).then(
    () => {
      ending.abort(agentError('ERR_SERVER_UNREACHABLE', `no answer within ${callTimeoutMs / 1000} s`));
    },
    () => undefined,
  );
  try {
    return await work(ending.signal);
  } catch (error) {
    ending.signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
    finished.abort();
    await timer;
  }
}

/**
 * A signal that aborts with the first of the given ones, until it is disposed of. By hand: AbortSignal.any would leave
 * something on signals that live as long as the agent, for each call.
 */
export function linked(...signals: readonly AbortSignal[]): Disposable & { readonly signal: AbortSignal } {
  const ending = new AbortController();
  const links = signals.map((signal) => ({
    signal,
    end: (): void => {
      ending.abort(signal.reason);
    },
  }));
  for (const { signal, end } of links) {
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  }
  return {
    signal: ending.signal,
    [Symbol.dispose]() {
      for (const { signal, end } of links) signal.removeEventListener('abort', end);
    },
  };
}

/** One request, one response. @throws ServiceError */
export function unary<Request, Response>(
  method: (request: Request, callback: (error: ServiceError | null, response?: Response) => void) => ClientUnaryCall,
  request: Request,
  signal: AbortSignal,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = method(request, (error, response) => {
      signal.removeEventListener('abort', cancel);
      if (error !== null) reject(error);
      else if (response === undefined) reject(new TypeError('the call ended without a response'));
      else resolve(response);
    });
    const cancel = (): void => {
      call.cancel();
    };
    signal.addEventListener('abort', cancel, { once: true });
  });
}

/** A call on which both sides send messages, one after the other. */
export class Exchange<Request, Response> implements Disposable {
  readonly #stream: ClientDuplexStream<Request, Response>;
  readonly #responses: AsyncIterator<Response>;
  readonly #signal: AbortSignal;
  readonly #cancel = (): void => {
    this.#stream.cancel();
  };

  constructor(stream: ClientDuplexStream<Request, Response>, signal: AbortSignal) {
    this.#stream = stream;
    this.#signal = signal;
    stream.on('error', () => undefined); // thrown by receive(); after cancel() nobody listens any more
    this.#responses = (stream as AsyncIterable<Response>)[Symbol.asyncIterator]();
    signal.addEventListener('abort', this.#cancel, { once: true });
  }

  send(request: Request): void {
    this.#stream.write(request);
  }

  /** The next message, or undefined when the server has ended the call well. @throws ServiceError */
  async receive(): Promise<Response | undefined> {
    const next = await this.#responses.next();
    return next.done === true ? undefined : next.value;
  }

  /** Nothing more will be sent, nor is anything expected. */
  [Symbol.dispose](): void {
    this.#signal.removeEventListener('abort', this.#cancel);
    this.#stream.end();
    this.#stream.cancel();
  }
}
