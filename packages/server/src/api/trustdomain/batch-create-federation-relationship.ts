import type { BatchCreateFederationRelationshipRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchCreateFederationRelationshipRequest.js';
import type { BatchCreateFederationRelationshipResponse } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchCreateFederationRelationshipResponse.js';
import { runBatch } from '../batch.js';
import { decodeFederationRelationship, encodeFederationRelationship } from '../convert/federation-relationship.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { relationshipAuditFields } from './audit-fields.js';
import type { TrustDomainServicePorts } from './ports.js';

export function batchCreateFederationRelationship({
  relationships,
  bundles,
  federation,
  trustDomain: own,
}: TrustDomainServicePorts): UnaryHandler<
  BatchCreateFederationRelationshipRequest__Output,
  BatchCreateFederationRelationshipResponse
> {
  return async ({ federation_relationships: sent, output_mask: mask }, call) => {
    const results = await runBatch(call, sent, relationshipAuditFields, async (wire) => {
      const { relationship, bundle } = decodeFederationRelationship(wire, own);
      await relationships.create(relationship, bundle);
      const stored = await bundles.get(relationship.trustDomain);
      return { status: ok, federation_relationship: encodeFederationRelationship(relationship, stored, mask) };
    });
    await federation.reload();
    return { results };
  };
}
