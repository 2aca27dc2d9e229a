import type { ListFederationRelationshipsRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/ListFederationRelationshipsRequest.js';
import type { ListFederationRelationshipsResponse } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/ListFederationRelationshipsResponse.js';
import { encodeFederationRelationship } from '../convert/federation-relationship.js';
import { decodePage } from '../convert/page.js';
import type { UnaryHandler } from '../pipeline.js';
import type { TrustDomainServicePorts } from './ports.js';

/** Those of the configuration file are not among them: nobody can change them here. */
export function listFederationRelationships({
  relationships,
  bundles,
}: TrustDomainServicePorts): UnaryHandler<
  ListFederationRelationshipsRequest__Output,
  ListFederationRelationshipsResponse
> {
  return async (request) => {
    const { items, nextToken } = await relationships.list(decodePage(request));
    const stored = await Promise.all(items.map(({ trustDomain }) => bundles.get(trustDomain)));
    return {
      federation_relationships: items.map((relationship, index) =>
        encodeFederationRelationship(relationship, stored[index], request.output_mask),
      ),
      next_page_token: nextToken,
    };
  };
}
