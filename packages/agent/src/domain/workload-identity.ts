// What a workload is given: its identities and the bundles to judge others by, always as one complete snapshot.
import type { JwtBundle, SpiffeId, TrustDomain } from '@credence/sdk';

/** One identity of a workload: a registration entry that its selectors satisfy, with the SVID held for it. */
export interface WorkloadIdentity {
  readonly entryId: string;
  readonly spiffeId: SpiffeId;
  readonly hint: string;
  readonly createdAt: Date;
  readonly federatesWith: readonly TrustDomain[];
  readonly svid: WorkloadX509Svid;
}

export interface WorkloadX509Svid {
  /** DER, leaf first, without the root. */
  readonly chain: readonly Buffer[];
  /** Unencrypted PKCS#8 DER. */
  readonly privateKey: Buffer;
  readonly notBefore: Date;
  readonly expiresAt: Date;
}

/** A trust domain's authorities as the server sent them. */
export interface TrustBundle {
  readonly trustDomain: TrustDomain;
  readonly x509Authorities: readonly X509Authority[];
  /** Sorted by key ID, so that equal bundles read the same. */
  readonly jwtBundle: JwtBundle;
  /** Keys of `jwtBundle` that are still good to verify by, but no longer to be signed with. */
  readonly taintedJwtKeyIds: ReadonlySet<string>;
  readonly refreshHintSeconds: number;
  readonly sequenceNumber: bigint;
}

export interface X509Authority {
  /** DER. */
  readonly certificate: Buffer;
  readonly tainted: boolean;
}

/** What one workload may judge others by. */
export interface TrustedBundles {
  readonly bundle: TrustBundle;
  /** Those of the trust domains that its identities federate with, by trust domain name. */
  readonly federatedBundles: ReadonlyMap<string, TrustBundle>;
}

/** Everything that one workload may know. */
export interface WorkloadSnapshot extends TrustedBundles {
  /** Ascending by entry ID: the first is the default identity. Empty: no identity issued. */
  readonly identities: readonly WorkloadIdentity[];
}
