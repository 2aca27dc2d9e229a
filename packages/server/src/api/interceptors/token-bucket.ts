// A token bucket that lends: who takes more than there is gets told how long to wait for it.

/** Refills at `perSecond` up to as much; starts full. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #updated: Date;

  constructor(perSecond: number, now: Date) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#updated = now;
  }

  /** The most that one call may take. */
  get burst(): number {
    return this.#perSecond;
  }

  /** When it was last touched. */
  get updated(): Date {
    return this.#updated;
  }

  /** Milliseconds until `cost` tokens would be there. */
  waitMs(cost: number, now: Date): number {
    this.#refill(now);
    return Math.max(0, Math.ceil(((cost - this.#tokens) / this.#perSecond) * 1000));
  }

  /** Takes the tokens, on credit if need be. */
  take(cost: number): void {
    this.#tokens -= cost;
  }

  /** Puts back what was taken and not used. */
  giveBack(cost: number): void {
    this.#tokens = Math.min(this.#perSecond, this.#tokens + cost);
  }

  #refill(now: Date): void {
    // A clock that was set back refills nothing.
    const elapsedMs = Math.max(0, now.getTime() - this.#updated.getTime());
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (elapsedMs / 1000) * this.#perSecond);
    this.#updated = now;
  }
}
