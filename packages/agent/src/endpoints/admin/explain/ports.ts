// What the Explain service stands on.
import type { SpiffeId } from '@credence/sdk';
import type { ProcWorkloadAttestation } from '../../../attestation/workload/proc-workload-attestation.js';
import type { EntryCache } from '../../../identity/entry-cache.js';
import type { SvidCache } from '../../../identity/svid-cache.js';
import type { SyncStatus } from '../../../identity/sync-status.js';

/** What the agent holds. */
export interface ExplainedIdentities {
  readonly entries: Pick<EntryCache, 'entries'>;
  readonly svids: Pick<SvidCache, 'identity'>;
}

export interface ExplainPorts extends ExplainedIdentities {
  /** The agent's own ID. */
  readonly agentId: () => SpiffeId;
  readonly attestation: Pick<ProcWorkloadAttestation, 'examine'>;
  readonly status: () => SyncStatus;
  /** Where proc(5) is mounted. */
  readonly procPath: string;
}
