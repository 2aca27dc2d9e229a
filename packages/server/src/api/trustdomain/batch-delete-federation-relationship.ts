import type { BatchDeleteFederationRelationshipRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchDeleteFederationRelationshipRequest.js';
import type { BatchDeleteFederationRelationshipResponse } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchDeleteFederationRelationshipResponse.js';
import { runBatch } from '../batch.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { namedTrustDomain } from './named-trust-domain.js';
import type { TrustDomainServicePorts } from './ports.js';

/** The bundles stay: entries federate with a bundle, not with a relationship. */
export function batchDeleteFederationRelationship({
  relationships,
  federation,
}: TrustDomainServicePorts): UnaryHandler<
  BatchDeleteFederationRelationshipRequest__Output,
  BatchDeleteFederationRelationshipResponse
> {
  return async ({ trust_domains: names }, call) => {
    const results = await runBatch(
      call,
      names,
      (name) => ({ trust_domain: name }),
      async (name) => {
        const trustDomain = namedTrustDomain(name);
        await relationships.delete(trustDomain);
        return { status: ok, trust_domain: trustDomain.name };
      },
    );
    await federation.reload();
    return { results: results.map((result, index) => ({ trust_domain: names[index] ?? '', ...result })) };
  };
}
