// Which entries a set of selectors is entitled to: those whose selectors are all in the set.
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import { selectorKey, type Selector } from '../domain/selector.js';

/** The keys of a set of selectors. */
export type SelectorSet = ReadonlySet<string>;

export function selectorSet(selectors: readonly Selector[]): SelectorSet {
  return new Set(selectors.map(selectorKey));
}

/** Whether every selector of the entry is in the set. An entry without selectors satisfies nobody. */
export function satisfies(set: SelectorSet, entry: Pick<AuthorizedEntry, 'selectors'>): boolean {
  return entry.selectors.length > 0 && entry.selectors.every((selector) => set.has(selectorKey(selector)));
}

/** Entries by selector. Each is filed under the one of its selectors that finds the fewest others. */
export class SelectorIndex {
  readonly #shelves = new Map<string, Map<string, AuthorizedEntry>>();
  readonly #filedUnder = new Map<string, string>();

  add(entry: AuthorizedEntry): void {
    this.remove(entry.id);
    const keys = entry.selectors.map(selectorKey);
    const rarest = keys.reduce<string | undefined>(
      (best, key) => (best === undefined || this.#sizeOf(key) < this.#sizeOf(best) ? key : best),
      undefined,
    );
    if (rarest === undefined) return;
    const shelf = this.#shelves.get(rarest) ?? new Map<string, AuthorizedEntry>();
    shelf.set(entry.id, entry);
    this.#shelves.set(rarest, shelf);
    this.#filedUnder.set(entry.id, rarest);
  }

  remove(id: string): void {
    const key = this.#filedUnder.get(id);
    if (key === undefined) return;
    this.#filedUnder.delete(id);
    const shelf = this.#shelves.get(key);
    shelf?.delete(id);
    if (shelf?.size === 0) this.#shelves.delete(key);
  }

  /** The entries that the set satisfies, ascending by ID. */
  match(set: SelectorSet): readonly AuthorizedEntry[] {
    const found: AuthorizedEntry[] = [];
    for (const key of set) {
      for (const entry of this.#shelves.get(key)?.values() ?? []) {
        if (satisfies(set, entry)) found.push(entry);
      }
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  #sizeOf(key: string): number {
    return this.#shelves.get(key)?.size ?? 0;
  }
}
