// One identity for each hint (SPIFFE Workload API §5.2.1).
import type { Logger } from '@credence/sdk/runtime';
import type { WorkloadIdentity } from '../../domain/workload-identity.js';

export type Hinted = Pick<WorkloadIdentity, 'entryId' | 'hint' | 'createdAt'>;

/**
 * The identities without those whose hint an older one has; of the same age, the smaller entry ID stays. An empty hint
 * is none and never collides. The order is kept.
 */
export function withUniqueHints<T extends Hinted>(identities: readonly T[], log: Logger): readonly T[] {
  const holders = new Map<string, T>();
  for (const identity of identities) {
    const holder = holders.get(identity.hint);
    if (holder === undefined || isBefore(identity, holder)) holders.set(identity.hint, identity);
  }
  return identities.filter((identity) => {
    const kept = identity.hint === '' || holders.get(identity.hint) === identity;
    if (!kept) log.warn({ entryId: identity.entryId, hint: identity.hint }, 'ignoring entry with duplicate hint');
    return kept;
  });
}

function isBefore(one: Hinted, other: Hinted): boolean {
  const age = one.createdAt.getTime() - other.createdAt.getTime();
  return age < 0 || (age === 0 && one.entryId < other.entryId);
}
