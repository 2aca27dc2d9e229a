// What the Bundle service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { CallerGrants } from '../../registration/ports.js';
import type { UpstreamAuthority } from '../../ca/upstream/upstream-authority.js';
import type { FederationControl } from '../trustdomain/ports.js';
import type { RateLimits } from '../interceptors/rate-limit.js';
import type { BundleStore } from '../../datastore/bundle-store.js';
import type { FederatedBundleStore } from '../../datastore/federated-bundle-store.js';

export interface BundleServicePorts {
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'get' | 'list' | 'append' | 'set'>;
  readonly federatedBundles: FederatedBundleStore;
  readonly grants: Pick<CallerGrants, 'downstreamEntries'>;
  /** The bundle of the trust domain where that is another server's, which takes JWT authorities first. */
  readonly upstreamBundle?: Pick<UpstreamAuthority, 'publishJwtAuthority'> | undefined;
  readonly federation: Pick<FederationControl, 'wake'>;
  readonly rateLimits: RateLimits;
}
