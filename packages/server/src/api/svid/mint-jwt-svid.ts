// Signs for an administrator, who may name whatever workload of the trust domain the request says.
import type { MintJWTSVIDRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/MintJWTSVIDRequest.js';
import type { MintJWTSVIDResponse } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/MintJWTSVIDResponse.js';
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { SPIFFEID__Output } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import { encodeJwtSvid } from '../convert/svid.js';
import { decodeWorkloadId } from '../convert/spiffe-id.js';
import { describe } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { decodeAudience, requireJwtIssuer } from './jwt-svid.js';
import type { SvidServicePorts } from './ports.js';

export function mintJwtSvid({
  trustDomain,
  jwtIssuer,
}: SvidServicePorts): UnaryHandler<MintJWTSVIDRequest__Output, MintJWTSVIDResponse> {
  return (request, call) => {
    const issuer = requireJwtIssuer(jwtIssuer);
    const spiffeId = requestedId(request.id, trustDomain);
    call.audit.add({ spiffe_id: spiffeId.toString(), audience: request.audience, ttl: request.ttl });
    const audience = decodeAudience(request.audience);
    const svid = issuer.issueJwtSvid({ spiffeId, audience, ttlSeconds: request.ttl, includeTokenId: false });
    return Promise.resolve({ svid: encodeJwtSvid(spiffeId, svid) });
  };
}

function requestedId(id: SPIFFEID__Output | null, trustDomain: TrustDomain): SpiffeId {
  try {
    return decodeWorkloadId(id, trustDomain);
  } catch (error) {
    throw describe('invalid SPIFFE ID', error);
  }
}
