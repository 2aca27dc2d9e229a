// Divides a fixed number of places among the users of the machine, so that no user can take those of all others.

/**
 * Places by user. A user may take one more while he holds fewer than twice the free ones: alone he gets two thirds of
 * all, the next one two thirds of what is left, and so on.
 */
export class FairShare {
  readonly #size: number;
  readonly #held = new Map<number, number>();
  #taken = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Whether the user got a place, which he then has to give back. */
  take(uid: number): boolean {
    const held = this.#held.get(uid) ?? 0;
    if (held >= 2 * (this.#size - this.#taken)) return false;
    this.#held.set(uid, held + 1);
    this.#taken++;
    return true;
  }

  giveBack(uid: number): void {
    const held = this.#held.get(uid) ?? 0;
    if (held === 0) throw new TypeError(`user ${uid} holds no place`);
    if (held === 1) this.#held.delete(uid);
    else this.#held.set(uid, held - 1);
    this.#taken--;
  }
}
