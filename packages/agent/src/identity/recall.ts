// Fills the caches with what the last run of the agent was serving.
import type { RememberedIdentities } from '../domain/remembered-identities.js';
import type { BundleCache } from './bundle-cache.js';
import type { EntryCache } from './entry-cache.js';
import type { SvidCache } from './svid-cache.js';

export interface Caches {
  readonly entries: EntryCache;
  readonly svids: SvidCache;
  readonly bundles: BundleCache;
}

/** @param remembered goes into caches that hold nothing but the stored bundle. */
export function recall(remembered: RememberedIdentities, { entries, svids, bundles }: Caches): void {
  const { identities, bundle, federatedBundles } = remembered;
  entries.replace(identities.map(({ entry }) => entry));
  for (const { entry, held } of identities) if (held !== undefined) svids.restore(entry, held);
  // The stored bundle by which the agent joined is as new as can be, but knows nothing of taints and JWT authorities.
  const x509Authorities = bundles.own.x509Authorities.map((stored) => {
    return bundle.x509Authorities.find(({ certificate }) => certificate.equals(stored.certificate)) ?? stored;
  });
  const federated = new Map(federatedBundles.map((one) => [one.trustDomain.name, one]));
  bundles.replace({ own: { ...bundle, x509Authorities }, federated });
}
