// When each agent called last, as far as this process knows; nobody is remembered for more than an hour.

/** The spans that are told apart, in milliseconds. */
export const spans = { '1m': 60_000, '5m': 300_000, '1h': 3_600_000 } as const;

export class LastSeen {
  // In the order of the last call: the oldest come first.
  readonly #seen = new Map<string, number>();

  note(id: string, now: Date): void {
    this.#seen.delete(id);
    this.#seen.set(id, now.getTime());
    this.#forget(now);
  }

  /** How many agents have called within the span that ends now. */
  count(spanMs: number, now: Date): number {
    this.#forget(now);
    return [...this.#seen.values()].filter((at) => now.getTime() - at <= spanMs).length;
  }

  #forget(now: Date): void {
    for (const [id, at] of this.#seen) {
      if (now.getTime() - at <= spans['1h']) return;
      this.#seen.delete(id);
    }
  }
}
