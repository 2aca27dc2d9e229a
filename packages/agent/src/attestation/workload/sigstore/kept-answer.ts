// An answer from afar, for all who want it: while it is under way, and for a while afterwards.
import type { Clock } from '@credence/sdk/runtime';

// Who is refused comes again, and may come often.
const failedMs = 10_000;

export class KeptAnswer<T> {
  readonly value: Promise<T>;
  readonly #clock: Clock;
  #until = Infinity;

  /** @param lifeMs how long an answer is kept; a failure is kept for 10 seconds. */
  constructor(clock: Clock, value: Promise<T>, lifeMs: (answer: T) => number) {
    this.#clock = clock;
    this.value = value;
    value.then(
      (answer) => {
        this.#keep(lifeMs(answer));
      },
      () => {
        this.#keep(failedMs);
      },
    );
  }

  get isCurrent(): boolean {
    return this.#clock.now().getTime() < this.#until;
  }

  #keep(ms: number): void {
    this.#until = this.#clock.now().getTime() + ms;
  }
}
