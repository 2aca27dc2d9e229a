// What an agent can serve without its server: everything that it was serving when it wrote it down.
import type { AuthorizedEntry } from './authorized-entry.js';
import type { TrustBundle, WorkloadX509Svid } from './workload-identity.js';

export interface RememberedIdentities {
  /** When it was written; since then the server has told of no change that the agent had time to write. */
  readonly writtenAt: Date;
  readonly identities: readonly RememberedIdentity[];
  readonly bundle: TrustBundle;
  /** Of the trust domains that the entries federate with. */
  readonly federatedBundles: readonly TrustBundle[];
}

export interface RememberedIdentity {
  readonly entry: AuthorizedEntry;
  /** Undefined: none was held. It may have expired since. */
  readonly held: HeldSvid | undefined;
}

/** An SVID, and when it is to be replaced. */
export interface HeldSvid {
  readonly svid: WorkloadX509Svid;
  readonly rotateAt: Date;
}

/** Whether one of them is of use to a workload at `now`. */
export function hasLivingSvid({ identities }: RememberedIdentities, now: Date): boolean {
  return identities.some(({ held }) => held !== undefined && held.svid.expiresAt > now);
}
