// What the TrustDomain service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { BundleStore } from '../../datastore/bundle-store.js';
import type { RelationshipStore } from '../../datastore/relationship-store.js';

export interface TrustDomainServicePorts {
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'get'>;
  readonly relationships: RelationshipStore;
  readonly federation: FederationControl;
}

/** The fetching of federated bundles. */
export interface FederationControl {
  /** Takes up relationships that are new, different or gone. */
  reload(): Promise<void>;
  /** The bundle of a trust domain was set by hand: fetches that need it are tried now. */
  wake(trustDomain: TrustDomain): void;
  /**
   * Fetches a bundle now, and stores it.
   *
   * @throws `ERR_RELATIONSHIP_NOT_FOUND`, `ERR_FEDERATION_FETCH`
   */
  refresh(trustDomain: TrustDomain): Promise<void>;
}
