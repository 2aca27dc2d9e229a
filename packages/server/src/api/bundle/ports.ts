// What the Bundle service stands on.
import type { TrustDomain } from '@credence/sdk';
import type { BundleStore } from '../../datastore/bundle-store.js';

export interface BundleServicePorts {
  readonly trustDomain: TrustDomain;
  readonly bundles: Pick<BundleStore, 'get'>;
}
