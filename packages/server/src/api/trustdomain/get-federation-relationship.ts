import { status } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { GetFederationRelationshipRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/GetFederationRelationshipRequest.js';
import type { FederationRelationship } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';
import { encodeFederationRelationship } from '../convert/federation-relationship.js';
import type { UnaryHandler } from '../pipeline.js';
import { namedTrustDomain } from './named-trust-domain.js';
import type { TrustDomainServicePorts } from './ports.js';

export function getFederationRelationship({
  relationships,
  bundles,
}: TrustDomainServicePorts): UnaryHandler<GetFederationRelationshipRequest__Output, FederationRelationship> {
  return async ({ trust_domain: name, output_mask: mask }, call) => {
    call.audit.add({ trust_domain: name });
    const trustDomain = namedTrustDomain(name);
    const relationship = await relationships.get(trustDomain);
    if (relationship === undefined) throw new StatusError(status.NOT_FOUND, 'federation relationship does not exist');
    return encodeFederationRelationship(relationship, await bundles.get(trustDomain), mask);
  };
}
