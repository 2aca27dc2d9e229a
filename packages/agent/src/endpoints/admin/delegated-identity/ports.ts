// What the DelegatedIdentity service stands on.
import type { Clock } from '@credence/sdk/runtime';
import type { KnownBundles, WorkloadJwtSvids, WorkloadSnapshots } from '../../ports.js';
import type { DelegatePorts } from './delegate.js';
import type { SubjectPorts } from './subject.js';

export interface DelegatedIdentityPorts extends DelegatePorts, SubjectPorts {
  readonly clock: Clock;
  readonly snapshots: WorkloadSnapshots;
  readonly jwtSvids: WorkloadJwtSvids;
  readonly bundles: KnownBundles;
}
