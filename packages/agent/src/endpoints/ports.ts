// What the endpoints need of the rest of the agent: the attestation that finds a caller's selectors, and the
// identities that a set of selectors is entitled to.
import type { PinnedProcess } from '../attestation/workload/process.js';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import type { Selector } from '../domain/selector.js';
import type { TrustedBundles, WorkloadSnapshot } from '../domain/workload-identity.js';

export interface WorkloadAttestation {
  /**
   * The selectors of a process, proven to be the one that was pinned, as when it connected.
   *
   * @throws ERR_ATTESTATION when no attestor succeeded; ERR_CALLER_UNKNOWN when the process is gone or no longer what
   * it was when it connected; `signal.reason` when the signal aborts.
   */
  attest(process: PinnedProcess, signal: AbortSignal): Promise<readonly Selector[]>;
}

export interface WorkloadSnapshots {
  /**
   * First value: as soon as every matching entry has an SVID (none matching: at once, with no identities); then each
   * change, newest wins. Ends when the signal aborts, normally or with `signal.reason`.
   */
  watch(selectors: readonly Selector[], signal: AbortSignal): AsyncIterable<WorkloadSnapshot>;
  /** The entries of this moment, ascending by ID, whether or not their X.509-SVIDs are there. */
  entitlements(selectors: readonly Selector[]): readonly AuthorizedEntry[];
  /** What a process with these selectors may judge others by at this moment; without identity: the own bundle alone. */
  trusted(selectors: readonly Selector[]): TrustedBundles;
}

export interface WorkloadJwtSvids {
  /**
   * A token of the entry for the audience, from a cache or from the server.
   *
   * @throws ERR_JWT_SVID, what `admit` throws, `signal.reason`
   */
  fetch(entry: AuthorizedEntry, request: JwtSvidRequest, signal: AbortSignal): Promise<string>;
}

export interface KnownBundles {
  /** All bundles that the agent knows, now and after each change, newest wins. Throws `signal.reason`. */
  watch(signal: AbortSignal): AsyncIterable<TrustedBundles>;
}

export interface JwtSvidRequest {
  /** At least one. */
  readonly audience: readonly string[];
  /** Asked before the server is: throws when the caller may not ask; what it returns is given back afterwards. */
  readonly admit: () => Disposable;
}
