import type { FederationRelationship__Output } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';

/** What the audit record says of a relationship in a batch; the URL may hold a password where none may be. */
export function relationshipAuditFields(relationship: FederationRelationship__Output): object {
  return {
    trust_domain: relationship.trust_domain,
    bundle_endpoint_profile: relationship.bundle_endpoint_profile,
    endpoint_spiffe_id: relationship.https_spiffe?.endpoint_spiffe_id,
  };
}
