// Publishes the JWT authority of a downstream server in the bundle of the trust domain that it shares.
import type { PublishJWTAuthorityRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/PublishJWTAuthorityRequest.js';
import type { PublishJWTAuthorityResponse } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/PublishJWTAuthorityResponse.js';
import type { JWTKey__Output } from '@credence/sdk/wire/gen/spire/api/types/JWTKey.js';
import { serverError } from '../../domain/errors.js';
import type { JwtAuthority } from '../../domain/trust-bundle.js';
import { decodeJwtAuthority, encodeJwtAuthority } from '../convert/bundle.js';
import { recheckDownstream } from '../downstream-check.js';
import { describe } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { publishAuthority } from './append-authorities.js';
import type { BundleServicePorts } from './ports.js';

export function publishJwtAuthority(
  ports: Omit<BundleServicePorts, 'federatedBundles' | 'federation'>,
): UnaryHandler<PublishJWTAuthorityRequest__Output, PublishJWTAuthorityResponse> {
  return async ({ jwt_authority: authority }, call) => {
    await ports.rateLimits.take(call, 1);
    if (authority === null) throw serverError('ERR_INVALID_ARGUMENT', 'missing JWT authority');
    call.audit.add({ key_id: authority.key_id });
    recheckDownstream(call, ports);
    const { jwtAuthorities } = await publishAuthority(ports, decode(authority));
    return { jwt_authorities: jwtAuthorities.map(encodeJwtAuthority) };
  };
}

function decode(authority: JWTKey__Output): JwtAuthority {
  try {
    return decodeJwtAuthority(authority);
  } catch (error) {
    throw describe('invalid JWT authority', error);
  }
}
