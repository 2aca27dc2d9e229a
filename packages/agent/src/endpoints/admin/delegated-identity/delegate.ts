// Who may act for others: a process with an identity that the operator has named.
import { status } from '@grpc/grpc-js';
import type { SpiffeId } from '@credence/sdk';
import { StatusError } from '@credence/sdk/wire';
import type { Selector } from '../../../domain/selector.js';
import type { WorkloadAttestation, WorkloadSnapshots } from '../../ports.js';
import { checkAlive, noIdentity, type Caller } from '../../workload/serve-caller.js';

export interface DelegatePorts {
  readonly attestation: WorkloadAttestation;
  readonly snapshots: Pick<WorkloadSnapshots, 'entitlements'>;
  /** None: nobody may. */
  readonly authorizedDelegates: readonly SpiffeId[];
}

/** A caller that was a delegate when it called. */
export interface Delegate {
  /** To be asked right before something is given out. @throws ERR_CALLER_UNKNOWN, PERMISSION_DENIED */
  check(): void;
}

/** @throws as attest; PERMISSION_DENIED */
export async function requireDelegate({ peer, signal }: Caller, ports: DelegatePorts): Promise<Delegate> {
  const selectors = await ports.attestation.attest(peer, signal);
  const check = (): void => {
    checkAlive(peer);
    checkAuthorized(selectors, ports);
  };
  check();
  return { check };
}

function checkAuthorized(selectors: readonly Selector[], { snapshots, authorizedDelegates }: DelegatePorts): void {
  const entries = snapshots.entitlements(selectors);
  if (entries.length === 0) throw noIdentity();
  if (!entries.some(({ spiffeId }) => authorizedDelegates.some((delegate) => delegate.equals(spiffeId)))) {
    throw new StatusError(status.PERMISSION_DENIED, 'caller not configured as an authorized delegate');
  }
}
