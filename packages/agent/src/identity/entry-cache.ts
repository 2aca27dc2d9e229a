// The entries that this agent is authorized for, as of the last synchronisation.
import { isSameRevision, type AuthorizedEntry } from '../domain/authorized-entry.js';
import { SelectorIndex, type SelectorSet } from './selector-index.js';

/** What a replacement changed. An update is the entry before and the entry after. */
export interface EntryChanges {
  readonly created: readonly AuthorizedEntry[];
  readonly updated: readonly (readonly [AuthorizedEntry, AuthorizedEntry])[];
  readonly removed: readonly AuthorizedEntry[];
}

/** Entries by ID and by selectors. An unchanged entry stays the same object. */
export class EntryCache {
  #entries: ReadonlyMap<string, AuthorizedEntry> = new Map();
  readonly #index = new SelectorIndex();

  get entries(): ReadonlyMap<string, AuthorizedEntry> {
    return this.#entries;
  }

  /** Puts `entries` in place of everything held. */
  replace(entries: readonly AuthorizedEntry[]): EntryChanges {
    const before = this.#entries;
    const after = new Map<string, AuthorizedEntry>();
    const created: AuthorizedEntry[] = [];
    const updated: [AuthorizedEntry, AuthorizedEntry][] = [];
    for (const entry of entries) {
      const old = before.get(entry.id);
      const unchanged = old !== undefined && isSameRevision(old, entry);
      after.set(entry.id, unchanged ? old : entry);
      if (old === undefined) created.push(entry);
      else if (!unchanged) updated.push([old, entry]);
    }
    const removed = [...before.values()].filter(({ id }) => !after.has(id));
    this.#entries = after;
    this.#reindex({ created, updated, removed });
    return { created, updated, removed };
  }

  /** The entries that a process with these selectors is entitled to through the Workload API, ascending by ID. */
  match(set: SelectorSet): readonly AuthorizedEntry[] {
    return this.#index.match(set);
  }

  #reindex({ created, updated, removed }: EntryChanges): void {
    for (const { id } of removed) this.#index.remove(id);
    for (const entry of [...created, ...updated.map(([, after]) => after)]) {
      if (entry.storeSvid) this.#index.remove(entry.id);
      else this.#index.add(entry);
    }
  }
}
