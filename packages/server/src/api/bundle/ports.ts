// What the Bundle service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { RateLimits } from '../interceptors/rate-limit.js';
import type { BundleStore } from '../../datastore/bundle-store.js';
import type { FederatedBundleStore } from '../../datastore/federated-bundle-store.js';

export interface BundleServicePorts {
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'get' | 'list' | 'append' | 'set'>;
  readonly federatedBundles: FederatedBundleStore;
  readonly rateLimits: RateLimits;
}
