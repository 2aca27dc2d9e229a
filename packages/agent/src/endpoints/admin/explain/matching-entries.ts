// The entries that a workload matches, and what the Workload API makes of each.
import { silentLogger } from '@credence/sdk/runtime';
import type { AuthorizedEntry } from '../../../domain/authorized-entry.js';
import type { WorkloadIdentity } from '../../../domain/workload-identity.js';
import { satisfies, type SelectorSet } from '../../../identity/selector-index.js';
import { withUniqueHints } from '../../workload/unique-hints.js';
import type { ExplainedIdentities } from './ports.js';

/** Only of one that is served the identity is in the answer. */
export interface MatchingEntry {
  readonly entry: AuthorizedEntry;
  readonly state: 'served' | 'waits' | 'hintTaken' | 'stored';
  /** The SVID that is held. */
  readonly identity: WorkloadIdentity | undefined;
}

/** Ascending by ID, as the Workload API orders them. */
export function matchingEntries(
  { entries, svids }: ExplainedIdentities,
  selectors: SelectorSet,
): readonly MatchingEntry[] {
  const matching = [...entries.entries.values()]
    .filter((entry) => satisfies(selectors, entry))
    .sort((one, other) => (one.id < other.id ? -1 : 1))
    .map((entry) => ({ entry, identity: entry.storeSvid ? undefined : svids.identity(entry) }));
  const identities = matching.map(({ identity }) => identity).filter((identity) => identity !== undefined);
  const served = new Set(withUniqueHints(identities, silentLogger));
  return matching.map(({ entry, identity }) => ({ entry, identity, state: stateOf(entry, identity, served) }));
}

function stateOf(
  { storeSvid }: AuthorizedEntry,
  identity: WorkloadIdentity | undefined,
  served: ReadonlySet<WorkloadIdentity>,
): MatchingEntry['state'] {
  if (storeSvid) return 'stored';
  if (identity === undefined) return 'waits';
  return served.has(identity) ? 'served' : 'hintTaken';
}
