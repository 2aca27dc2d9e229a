// A value that is replaced as a whole. Readers see the newest; a slow reader skips, it never queues.
import { onAbort } from './signals.js';

/** The newest value of something, and a way to wait for the next. */
export class Latest<T> {
  #value: T;
  #version = 0;
  #ended = false;
  #failure: Error | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    if (this.#ended) return;
    this.#value = value;
    this.#version++;
    this.#wake();
  }

  /** Ends every watch: normally, or with `failure` thrown into each. */
  end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#wake();
  }

  /**
   * The current value and then each newer one than at this call, until `end` or the signal. Each watch is independent; values that came
   * while the reader was busy are skipped, except the last.
   *
   * @throws `signal.reason` when the signal aborts, and the failure given to `end`.
   */
  watch(options: { signal?: AbortSignal | undefined; initial?: boolean } = {}): AsyncGenerator<T, void, undefined> {
    const { signal, initial = true } = options;
    return this.#watch(initial ? -1 : this.#version, signal);
  }

  async *#watch(seen: number, signal: AbortSignal | undefined): AsyncGenerator<T, void, undefined> {
    for (;;) {
      signal?.throwIfAborted();
      if (seen !== this.#version) {
        seen = this.#version;
        yield this.#value;
      } else if (!this.#ended) {
        await this.#changed(signal);
      } else if (this.#failure !== undefined) {
        throw this.#failure;
      } else {
        return;
      }
    }
  }

  #changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        stop?.();
        resolve();
      };
      const stop = signal && onAbort(signal, wake);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}
