// What the RPCs of the secret discovery service stand on.
import type { Clock, Random } from '@credence/sdk/runtime';
import type { WorkloadAttestation, WorkloadSnapshots } from '../ports.js';
import type { CallLimits } from '../peer/call-limits.js';
import type { CallOptions, WorkloadApiRules } from '../workload/serve-caller.js';
import type { SdsRules } from './rules.js';

export interface SdsOptions extends CallOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly attestation: WorkloadAttestation;
  readonly snapshots: WorkloadSnapshots;
  readonly limits: CallLimits;
  readonly rules: Pick<WorkloadApiRules, 'allowUnauthenticatedVerifiers'> & { readonly sds: SdsRules };
}
