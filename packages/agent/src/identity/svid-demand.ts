// Which entries are to have an X.509-SVID: those that an open stream is entitled to, however many they are, and of the
// others as many as fit, those last used first.
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import type { WorkloadX509Svid } from '../domain/workload-identity.js';
import type { EntryCache } from './entry-cache.js';
import type { Subscriptions } from './subscriptions.js';
import type { SvidCache } from './svid-cache.js';

// Where each entry that comes pushes out another, nothing is fetched ahead in the place of one that goes.
const fillingShare = 0.9;

export interface SvidDemandOptions {
  readonly entries: EntryCache;
  readonly svids: SvidCache;
  readonly subscriptions: Pick<Subscriptions, 'wants' | 'wanted'>;
  /** How many SVIDs are held that no open stream needs, together with those that one does. */
  readonly maxSize: number;
}

export class SvidDemand {
  readonly #options: SvidDemandOptions;

  constructor(options: SvidDemandOptions) {
    this.#options = options;
  }

  /** The entries for which an SVID is to be asked now. SVIDs for which there is no room are forgotten. */
  due(): readonly AuthorizedEntry[] {
    const { entries, svids, maxSize } = this.#options;
    const all = [...entries.entries.values()].filter(({ storeSvid }) => !storeSvid);
    const kept = all.length <= maxSize ? all : this.#select(all);
    return kept.filter((entry) => svids.isDue(entry) && this.isWanted(entry));
  }

  /** Those of the entries for which an open stream waits. */
  awaited(entryIds: readonly string[]): readonly AuthorizedEntry[] {
    const { entries, svids, subscriptions } = this.#options;
    const found = entryIds.map((id) => entries.entries.get(id)).filter((entry) => entry !== undefined);
    return found.filter((entry) => !entry.storeSvid && subscriptions.wants(entry) && svids.isDue(entry));
  }

  /** The X.509-SVIDs that are renewed in time; others may expire. */
  kept(): readonly WorkloadX509Svid[] {
    const { entries, svids } = this.#options;
    const wanted = [...entries.entries.values()].filter((entry) => svids.holds(entry.id) && this.isWanted(entry));
    return wanted.map(({ id }) => svids.svidOf(id)).filter((svid) => svid !== undefined);
  }

  /** Whether the SVID of an entry that has room is to be there, and to be renewed. */
  isWanted(entry: AuthorizedEntry): boolean {
    return !entry.storeSvid && (!entry.disableX509SvidPrefetch || this.#options.subscriptions.wants(entry));
  }

  #select(all: readonly AuthorizedEntry[]): readonly AuthorizedEntry[] {
    const { svids, subscriptions, maxSize } = this.#options;
    const needed = subscriptions.wanted();
    const others = all.filter(({ id }) => !needed.has(id));
    const held = others.filter(({ id }) => svids.holds(id));
    const room = Math.max(0, maxSize - needed.size);
    const kept = [...all.filter(({ id }) => needed.has(id)), ...this.#lastUsed(held, room)];
    if (held.length > room) svids.keepOnly(new Set(kept.map(({ id }) => id)));
    if (kept.length >= maxSize * fillingShare) return kept;
    const ahead = others.filter(({ id, disableX509SvidPrefetch }) => !svids.holds(id) && !disableX509SvidPrefetch);
    return [...kept, ...this.#lastUsed(ahead, maxSize - kept.length)];
  }

  #lastUsed(entries: readonly AuthorizedEntry[], count: number): readonly AuthorizedEntry[] {
    const { svids } = this.#options;
    if (entries.length <= count) return entries;
    return [...entries].sort((a, b) => svids.lastUse(b.id) - svids.lastUse(a.id)).slice(0, count);
  }
}
