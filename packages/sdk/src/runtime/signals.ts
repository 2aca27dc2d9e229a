// Waiting for AbortSignals that live long. AbortSignal.any never forgets on Node 20 whom it was made for, and Node warns
// of more than ten listeners: here a signal has one listener of ours, for as long as somebody waits.

class Fan {
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(listener: () => void): () => void {
    // A function of its own: the same listener may be here twice.
    const call = (): void => {
      listener();
    };
    if (this.#listeners.size === 0) this.#signal.addEventListener('abort', this.#notify);
    this.#listeners.add(call);
    return () => {
      if (!this.#listeners.delete(call) || this.#listeners.size > 0) return;
      this.#signal.removeEventListener('abort', this.#notify);
    };
  }

  readonly #notify = (): void => {
    for (const listener of [...this.#listeners]) listener();
  };
}

const fans = new WeakMap<AbortSignal, Fan>();

/** Calls `listener` when the signal aborts, unless the returned function is called before. Not for an aborted signal. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let fan = fans.get(signal);
  if (fan === undefined) fans.set(signal, (fan = new Fan(signal)));
  return fan.add(listener);
}

/** A signal that aborts with the first of several. */
export interface JoinedSignal extends Disposable {
  readonly signal: AbortSignal;
  /** Aborts `signal` alone. */
  abort(reason?: unknown): void;
  /** Forgets the signals that were joined; `signal` then aborts no more. */
  [Symbol.dispose](): void;
}

/** Joins signals until the result is disposed of; undefined ones are none. */
export function joinSignals(...signals: readonly (AbortSignal | undefined)[]): JoinedSignal {
  const joined = new AbortController();
  const stops: (() => void)[] = [];
  for (const signal of signals) {
    if (signal?.aborted === true) joined.abort(signal.reason);
    else if (signal !== undefined)
      stops.push(
        onAbort(signal, () => {
          joined.abort(signal.reason);
        }),
      );
  }
  return {
    signal: joined.signal,
    abort: (reason) => {
      joined.abort(reason);
    },
    [Symbol.dispose]: () => {
      for (const stop of stops) stop();
    },
  };
}
