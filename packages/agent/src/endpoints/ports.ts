// What the endpoints need of the rest of the agent: the attestation that finds a caller's selectors, and the
// identities that a set of selectors is entitled to.
import type { Selector } from '../domain/selector.js';
import type { WorkloadSnapshot } from '../domain/workload-identity.js';
import type { Peer } from './peer/peer.js';

export interface WorkloadAttestation {
  /**
   * The selectors of the process behind the connection, proven to be the one that connected.
   *
   * @throws ERR_ATTESTATION when no attestor succeeded; ERR_CALLER_UNKNOWN when the process is gone or no longer what
   * it was when it connected; `signal.reason` when the signal aborts.
   */
  attest(peer: Peer, signal: AbortSignal): Promise<readonly Selector[]>;
}

export interface WorkloadSnapshots {
  /**
   * First value: as soon as every matching entry has an SVID (none matching: at once, with no identities); then each
   * change, newest wins. Ends when the signal aborts, normally or with `signal.reason`.
   */
  watch(selectors: readonly Selector[], signal: AbortSignal): AsyncIterable<WorkloadSnapshot>;
  current(selectors: readonly Selector[]): WorkloadSnapshot;
}
