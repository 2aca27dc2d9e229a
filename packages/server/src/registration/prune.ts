// The jobs that delete expired entries, old changes and agents that are gone. Expiry is hygiene: an expired entry counts
// until it is pruned.
import { every, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import type { AgentStore } from '../datastore/agent-store.js';
import type { ChangeLog } from '../datastore/change-log.js';
import type { EntryStore } from '../datastore/entry-store.js';

/** Which agents are given up. */
export interface AgentPruning {
  /** How long ago their SVIDs have expired. */
  readonly expiredForMs: number;
  /** Also those that cannot attest again, such as those that joined by token. */
  readonly includeTofu: boolean;
  /** How many in one transaction. */
  readonly batchSize: number;
}

export interface PruneOptions {
  readonly entries: Pick<EntryStore, 'pruneExpired'>;
  readonly agents: Pick<AgentStore, 'pruneExpired'>;
  readonly changes: Pick<ChangeLog, 'prune'>;
  /** Undefined: agents are never pruned. */
  readonly agentPruning: AgentPruning | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const minuteMs = 60_000;
const intervalMs = 5 * minuteMs;
/** Nobody else is served during a transaction. */
const entriesAtOnce = 250;
/** By then every server of the trust domain has read a change. */
const changesKeptMs = 12 * 60 * minuteMs;

/**
 * Prunes entries at once and every five minutes, agents at once and about every hour, until the signal; a failure is
 * logged, and the next turn tries again.
 */
export async function pruneRegularly(options: PruneOptions): Promise<void> {
  const { agentPruning, random } = options;
  const routine = { ...options, atOnce: true };
  const entries = every({ ...routine, name: 'pruning', intervalMs }, () => pruneEntries(options));
  if (agentPruning === undefined) return entries;
  // Several servers of one datastore do not prune all at the same time.
  const agentsIntervalMs = (45 + 30 * random.uniform()) * minuteMs;
  const agents = every({ ...routine, name: 'agent pruning', intervalMs: agentsIntervalMs }, () =>
    pruneAgents(options, agentPruning),
  );
  await Promise.all([entries, agents]);
}

async function pruneEntries({ entries, changes, clock, log, signal }: PruneOptions): Promise<void> {
  const now = clock.now();
  for (let pruned: readonly string[]; !signal.aborted;) {
    pruned = await entries.pruneExpired(now, entriesAtOnce);
    if (pruned.length > 0) log.info({ entryIds: pruned }, 'pruned expired entries');
    if (pruned.length < entriesAtOnce) break;
  }
  await changes.prune(new Date(now.getTime() - changesKeptMs));
}

async function pruneAgents(
  { agents, clock, log, signal }: PruneOptions,
  { expiredForMs, includeTofu, batchSize }: AgentPruning,
): Promise<void> {
  const expiredBefore = new Date(clock.now().getTime() - expiredForMs);
  for (let pruned: readonly string[]; !signal.aborted;) {
    pruned = await agents.pruneExpired({ expiredBefore, includeTofu, limit: batchSize });
    if (pruned.length > 0) log.info({ agentIds: pruned }, 'pruned expired agents');
    if (pruned.length < batchSize) return;
  }
}
