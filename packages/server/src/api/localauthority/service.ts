// The LocalAuthority service. Methods that are not here answer UNIMPLEMENTED, once the policy has let the caller through.
import { status } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { LocalAuthorityHandlers } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/LocalAuthority.js';
import type { LocalAuthority } from '../../ca/ports.js';
import type { Pipeline } from '../pipeline.js';
import { activateAuthority } from './activate-authority.js';
import { encodeAuthority, encodeAuthorityId } from './authority-state.js';
import { getAuthorityState } from './get-authority-state.js';
import type { LocalAuthorityServicePorts } from './ports.js';
import { prepareAuthority } from './prepare-authority.js';
import { revokeAuthority } from './revoke-authority.js';
import { taintAuthority } from './taint-authority.js';
import { withdrawUpstreamAuthority } from './upstream-authority.js';

export function createLocalAuthorityService(
  { localAuthorities }: LocalAuthorityServicePorts,
  pipeline: Pipeline,
): Partial<LocalAuthorityHandlers> {
  const x509 = (): LocalAuthority => localAuthorities.x509;
  const { upstream } = localAuthorities;
  const jwt = (): LocalAuthority => localAuthorities.jwt ?? jwtDisabled();
  return {
    GetX509AuthorityState: pipeline.unary(getAuthorityState(x509)),
    PrepareX509Authority: pipeline.unary(prepareAuthority(x509)),
    ActivateX509Authority: pipeline.unary(activateAuthority(x509)),
    TaintX509Authority: pipeline.unary(taintAuthority(x509, encodeAuthority)),
    RevokeX509Authority: pipeline.unary(revokeAuthority(x509)),
    TaintX509UpstreamAuthority: pipeline.unary(
      withdrawUpstreamAuthority(upstream, (authorities, id) => authorities.taint(id)),
    ),
    RevokeX509UpstreamAuthority: pipeline.unary(
      withdrawUpstreamAuthority(upstream, (authorities, id) => authorities.revoke(id)),
    ),
    GetJWTAuthorityState: pipeline.unary(getAuthorityState(jwt)),
    PrepareJWTAuthority: pipeline.unary(prepareAuthority(jwt)),
    ActivateJWTAuthority: pipeline.unary(activateAuthority(jwt)),
    // SPIRE says no more than the ID here.
    TaintJWTAuthority: pipeline.unary(taintAuthority(jwt, ({ id }) => encodeAuthorityId(id))),
    RevokeJWTAuthority: pipeline.unary(revokeAuthority(jwt)),
  };
}

function jwtDisabled(): never {
  throw new StatusError(status.UNIMPLEMENTED, 'JWT functionality is disabled');
}
