// The JWT-SVIDs that are held, in memory only. When there are too many, the entry that holds the most loses the one that
// it has not used for longest: no workload can push out those of the others.
import type { JwtSvid } from '@credence/sdk';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';

export interface HeldJwtSvid {
  /** The entry at the time of issuing. */
  readonly entry: AuthorizedEntry;
  readonly svid: JwtSvid;
  readonly keyId: string | undefined;
  /** From here on a new one is asked for. */
  refreshAt: Date;
}

export class JwtSvidShelves {
  readonly #largest: number;
  // By entry and by audience; what was used last is the last of its shelf.
  readonly #shelves = new Map<string, Map<string, HeldJwtSvid>>();
  #size = 0;

  /** @param largest how many are held at most */
  constructor(largest: number) {
    this.#largest = largest;
  }

  get size(): number {
    return this.#size;
  }

  /** What is held for the audience, if it was issued for the entry as it is. */
  find(entry: AuthorizedEntry, audienceKey: string): HeldJwtSvid | undefined {
    const held = this.#shelves.get(entry.id)?.get(audienceKey);
    return held?.entry === entry ? held : undefined;
  }

  /** Puts it in, or marks it as used. */
  keep(audienceKey: string, held: HeldJwtSvid): void {
    const { id } = held.entry;
    this.delete(id, audienceKey);
    const shelf = this.#shelves.get(id) ?? new Map<string, HeldJwtSvid>();
    this.#shelves.set(id, shelf.set(audienceKey, held));
    this.#size++;
    if (this.#size > this.#largest) this.#makeRoom();
  }

  delete(entryId: string, audienceKey: string): void {
    const shelf = this.#shelves.get(entryId);
    if (shelf?.delete(audienceKey) !== true) return;
    this.#size--;
    if (shelf.size === 0) this.#shelves.delete(entryId);
  }

  /** Forgets all of one entry. */
  clear(entryId: string): void {
    this.#size -= this.#shelves.get(entryId)?.size ?? 0;
    this.#shelves.delete(entryId);
  }

  /** Entry ID, audience key and JWT-SVID of all; what is deleted meanwhile does no harm. */
  *all(): Generator<readonly [entryId: string, audienceKey: string, held: HeldJwtSvid], void, undefined> {
    for (const [entryId, shelf] of this.#shelves) {
      for (const [audienceKey, held] of shelf) yield [entryId, audienceKey, held];
    }
  }

  #makeRoom(): void {
    const [fullest] = [...this.#shelves].sort(([, a], [, b]) => b.size - a.size);
    if (fullest === undefined) return;
    const [entryId, shelf] = fullest;
    const [oldest] = shelf.keys();
    if (oldest !== undefined) this.delete(entryId, oldest);
  }
}
