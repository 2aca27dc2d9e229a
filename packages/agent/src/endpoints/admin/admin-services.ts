// All that the admin socket offers, on what it stands.
import type { SpiffeId } from '@credence/sdk';
import type { LogLevelSwitch } from '@credence/sdk/daemon';
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { Identities } from '../../identity/identities.js';
import type { WorkloadAttestation } from '../ports.js';
import type { AdminService } from './admin-endpoint.js';
import { debugService } from './debug.js';
import { delegatedIdentityService } from './delegated-identity/delegated-identity.js';
import type { ExplainPorts } from './explain/ports.js';
import { explainService } from './explain/explain-service.js';
import { loggerService } from './logger.js';

export interface AdminServicesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly logLevel: LogLevelSwitch;
  readonly attestation: WorkloadAttestation & ExplainPorts['attestation'];
  readonly identities: Identities;
  readonly authorizedDelegates: readonly SpiffeId[];
  /** Where proc(5) is mounted. */
  readonly procPath: string;
}

export function adminServices({ identities, ...options }: AdminServicesOptions): readonly AdminService[] {
  const { subscriptions: snapshots, bundles, x509Svids, jwtSvids, synchronizer } = identities;
  return [
    debugService({
      ...options,
      agentSvid: () => identities.agentSvid,
      bundle: () => bundles.own,
      lastSync: () => synchronizer.status.lastSuccess,
      x509SvidCount: () => x509Svids.size,
      jwtSvidCount: () => jwtSvids.size,
    }),
    loggerService(options),
    explainService({
      ...options,
      agentId: () => identities.agentSvid.id,
      entries: identities.entries,
      svids: x509Svids,
      status: () => synchronizer.status,
    }),
    delegatedIdentityService({ ...options, snapshots, bundles, jwtSvids }),
  ];
}
