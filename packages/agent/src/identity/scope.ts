// What a round of synchronization looks at: all, or only what the server has rung for.
import type { Ring } from './ports.js';

export interface Scope {
  /** The IDs of the entries; undefined: all entries. */
  readonly entryIds: readonly string[] | undefined;
  readonly bundles: boolean;
}

export const everything: Scope = { entryIds: undefined, bundles: true };

// More are sooner compared than asked for one by one.
const mostNamed = 64;

export function scopeOf({ entries, bundles, entryIds }: Ring): Scope {
  // A watch that has just begun knows nothing of the time before it.
  if (!entries && !bundles) return everything;
  return { entryIds: entries && entryIds.length === 0 ? undefined : entryIds, bundles };
}

export function both(a: Scope, b: Scope): Scope {
  const ids = new Set([...(a.entryIds ?? []), ...(b.entryIds ?? [])]);
  const isAll = a.entryIds === undefined || b.entryIds === undefined || ids.size > mostNamed;
  return { entryIds: isAll ? undefined : [...ids], bundles: a.bundles || b.bundles };
}
