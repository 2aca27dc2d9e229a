import type { BatchUpdateFederationRelationshipRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchUpdateFederationRelationshipRequest.js';
import type { BatchUpdateFederationRelationshipResponse } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchUpdateFederationRelationshipResponse.js';
import { runBatch } from '../batch.js';
import { decodeRelationshipPatch, encodeFederationRelationship } from '../convert/federation-relationship.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { relationshipAuditFields } from './audit-fields.js';
import type { TrustDomainServicePorts } from './ports.js';

export function batchUpdateFederationRelationship({
  relationships,
  bundles,
  federation,
  trustDomain: own,
}: TrustDomainServicePorts): UnaryHandler<
  BatchUpdateFederationRelationshipRequest__Output,
  BatchUpdateFederationRelationshipResponse
> {
  return async ({ federation_relationships: sent, input_mask: inputMask, output_mask: outputMask }, call) => {
    const results = await runBatch(call, sent, relationshipAuditFields, async (wire) => {
      const { trustDomain, patch, bundle } = decodeRelationshipPatch(wire, inputMask, own);
      const updated = await relationships.update(trustDomain, patch, bundle);
      const stored = await bundles.get(trustDomain);
      if (bundle !== undefined) federation.wake(trustDomain);
      return { status: ok, federation_relationship: encodeFederationRelationship(updated, stored, outputMask) };
    });
    await federation.reload();
    return { results };
  };
}
