import type { TrustDomain } from '@credence/sdk';
import type { FederationRelationship } from '../domain/federation-relationship.js';
import type { TrustBundle } from '../domain/trust-bundle.js';
import type { Page, PageRequest } from './page.js';

/** What an update changes; what is absent stays. */
export type RelationshipPatch = Partial<Omit<FederationRelationship, 'trustDomain'>>;

/** Federation relationships, one a trust domain. A bundle that comes with one is stored in the same transaction. */
export interface RelationshipStore {
  /** @throws `ERR_RELATIONSHIP_EXISTS` */
  create(relationship: FederationRelationship, bundle?: TrustBundle): Promise<void>;
  /** @throws `ERR_RELATIONSHIP_NOT_FOUND` */
  update(trustDomain: TrustDomain, patch: RelationshipPatch, bundle?: TrustBundle): Promise<FederationRelationship>;
  /** The bundle stays. @throws `ERR_RELATIONSHIP_NOT_FOUND` */
  delete(trustDomain: TrustDomain): Promise<void>;
  get(trustDomain: TrustDomain): Promise<FederationRelationship | undefined>;
  /** In the order of the trust domains' names. */
  list(page: PageRequest): Promise<Page<FederationRelationship>>;
}
