// The job that deletes expired entries and old changes. Expiry is hygiene: an expired entry counts until it is pruned.
import { every, type Clock, type Logger } from '@credence/sdk/runtime';
import type { ChangeLog } from '../datastore/change-log.js';
import type { EntryStore } from '../datastore/entry-store.js';

export interface PruneOptions {
  readonly entries: Pick<EntryStore, 'pruneExpired'>;
  readonly changes: Pick<ChangeLog, 'prune'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const intervalMs = 5 * 60_000;
/** By then every server of the trust domain has read a change. */
const changesKeptMs = 12 * 3_600_000;

/** Prunes every five minutes until the signal; a failure is logged, and the next turn tries again. */
export function pruneRegularly(options: PruneOptions): Promise<void> {
  const { clock, log, signal } = options;
  return every({ name: 'pruning', intervalMs, clock, log, signal }, () => prune(options));
}

async function prune({ entries, changes, clock, log }: PruneOptions): Promise<void> {
  const now = clock.now();
  const pruned = await entries.pruneExpired(now);
  if (pruned.length > 0) log.info({ entryIds: pruned }, 'pruned expired entries');
  await changes.prune(new Date(now.getTime() - changesKeptMs));
}
