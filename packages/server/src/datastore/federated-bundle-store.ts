import type { TrustDomain } from '@credence/sdk';
import type { TrustBundle } from '../domain/trust-bundle.js';
import type { Page, PageRequest } from './page.js';

/** What happens to entries that federate with a bundle that is deleted. */
export type DeleteMode =
  /** The bundle is not deleted while there are any. */
  | 'restrict'
  /** They are deleted too. */
  | 'delete'
  /** They stay, without the federation, one revision older. */
  | 'dissociate';

/**
 * Bundles of other trust domains. Unlike those of the own one they are taken over with the sequence number that they
 * have. Every write appends to the change log in the same transaction.
 */
export interface FederatedBundleStore {
  /** @throws `ERR_BUNDLE_EXISTS` */
  create(bundle: TrustBundle): Promise<void>;
  /** Reads, changes and writes in one transaction. @throws `ERR_BUNDLE_NOT_FOUND` */
  update(trustDomain: TrustDomain, change: (bundle: TrustBundle) => TrustBundle): Promise<TrustBundle>;
  /** @throws `ERR_BUNDLE_NOT_FOUND`, `ERR_BUNDLE_IN_USE` (`restrict`) */
  delete(trustDomain: TrustDomain, mode: DeleteMode): Promise<void>;
  /** In the order of their names, without that of `own`. */
  list(own: TrustDomain, page: PageRequest): Promise<Page<TrustBundle>>;
}
