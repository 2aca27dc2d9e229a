// The entries that a workload does not match. What is nearest comes first: it is most likely what somebody meant and got
// wrong.
import type { AuthorizedEntry } from '../../../domain/authorized-entry.js';
import { selectorKey, type Selector } from '../../../domain/selector.js';
import type { SelectorSet } from '../../../identity/selector-index.js';

export interface MissedEntry {
  readonly entry: AuthorizedEntry;
  /** At least one, unless the entry has no selectors. */
  readonly missingSelectors: readonly Selector[];
}

// An entry that gives the agent a name, as a join token does: no workload attestor finds such selectors.
const agentSelectorType = 'spiffe_id';

/** Those of which the least is missing first, then those of which the most is there, then by ID. */
export function missedEntries(entries: Iterable<AuthorizedEntry>, selectors: SelectorSet): readonly MissedEntry[] {
  const missed: MissedEntry[] = [];
  for (const entry of entries) {
    if (entry.selectors.some(({ type }) => type === agentSelectorType)) continue;
    const missingSelectors = entry.selectors.filter((selector) => !selectors.has(selectorKey(selector)));
    if (missingSelectors.length > 0 || entry.selectors.length === 0) missed.push({ entry, missingSelectors });
  }
  return missed.sort(byNearness);
}

function byNearness(one: MissedEntry, other: MissedEntry): number {
  return (
    one.missingSelectors.length - other.missingSelectors.length ||
    foundOf(other) - foundOf(one) ||
    (one.entry.id < other.entry.id ? -1 : 1)
  );
}

function foundOf({ entry, missingSelectors }: MissedEntry): number {
  return entry.selectors.length - missingSelectors.length;
}
