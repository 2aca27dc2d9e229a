import type { RefreshBundleRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/RefreshBundleRequest.js';
import { status } from '@grpc/grpc-js';
import { isSpiffeError } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import { describe } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { namedTrustDomain } from './named-trust-domain.js';
import type { TrustDomainServicePorts } from './ports.js';

/** Relationships of the configuration file are refreshed too. */
export function refreshBundle({
  federation,
}: TrustDomainServicePorts): UnaryHandler<RefreshBundleRequest__Output, object> {
  return async ({ trust_domain: name }, call) => {
    call.audit.add({ trust_domain: name });
    const trustDomain = namedTrustDomain(name);
    try {
      await federation.refresh(trustDomain);
      return {};
    } catch (error) {
      if (isSpiffeError(error, 'ERR_RELATIONSHIP_NOT_FOUND')) {
        throw new StatusError(status.NOT_FOUND, `no relationship with trust domain "${trustDomain.name}"`);
      }
      throw describe('failed to refresh bundle', error);
    }
  };
}
