// A clock that stands still until a test moves it, and that says when someone is waiting for it.
import type { Clock, SleepOptions } from '../runtime/index.js';

interface Sleeper {
  readonly dueMs: number;
  readonly wake: () => void;
}

/** A Clock for tests: time passes only in `advance`. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<() => void>();

  constructor(start: Date = new Date('2030-01-01T00:00:00Z')) {
    this.#nowMs = start.getTime();
  }

  now(): Date {
    return new Date(this.#nowMs);
  }

  /** How many sleeps are pending. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Milliseconds until the first pending sleep ends, or undefined when nobody sleeps. */
  get nextDueMs(): number | undefined {
    const due = [...this.#sleepers].map((sleeper) => sleeper.dueMs);
    return due.length === 0 ? undefined : Math.min(...due) - this.#nowMs;
  }

  sleep(ms: number, { signal }: SleepOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const leave = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        leave();
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        leave();
        resolve();
      };
      const sleeper: Sleeper = { dueMs: this.#nowMs + Math.max(0, ms), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', abort, { once: true });
      for (const watcher of [...this.#watchers]) watcher();
    });
  }

  /** Resolves as soon as at least `count` sleeps are pending. */
  waitForSleepers(count: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.#sleepers.size < count) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Moves time forward, waking each sleeper at its own instant and in order; resolves after they have run. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#firstDue(endMs);
      if (next === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.wake();
      await settled();
    }
    this.#nowMs = endMs;
    await settled();
  }

  #firstDue(endMs: number): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.dueMs <= endMs && (first === undefined || sleeper.dueMs < first.dueMs)) first = sleeper;
    }
    return first;
  }
}

// One turn of the event loop: every promise that the woken code awaits without I/O has gone on by then.
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
