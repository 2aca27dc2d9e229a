// The TrustDomain service: federation relationships.
import type { TrustDomainHandlers } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/TrustDomain.js';
import type { Pipeline } from '../pipeline.js';
import { batchCreateFederationRelationship } from './batch-create-federation-relationship.js';
import { batchDeleteFederationRelationship } from './batch-delete-federation-relationship.js';
import { batchUpdateFederationRelationship } from './batch-update-federation-relationship.js';
import { getFederationRelationship } from './get-federation-relationship.js';
import { listFederationRelationships } from './list-federation-relationships.js';
import type { TrustDomainServicePorts } from './ports.js';
import { refreshBundle } from './refresh-bundle.js';

export function createTrustDomainService(ports: TrustDomainServicePorts, pipeline: Pipeline): TrustDomainHandlers {
  return {
    ListFederationRelationships: pipeline.unary(listFederationRelationships(ports)),
    GetFederationRelationship: pipeline.unary(getFederationRelationship(ports)),
    BatchCreateFederationRelationship: pipeline.unary(batchCreateFederationRelationship(ports)),
    BatchUpdateFederationRelationship: pipeline.unary(batchUpdateFederationRelationship(ports)),
    BatchDeleteFederationRelationship: pipeline.unary(batchDeleteFederationRelationship(ports)),
    RefreshBundle: pipeline.unary(refreshBundle(ports)),
  };
}
