// Signs for a workload of an agent: what the token says is what the entry says, and the entry must be one that this agent
// may serve.
import type { NewJWTSVIDRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/NewJWTSVIDRequest.js';
import type { NewJWTSVIDResponse } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/NewJWTSVIDResponse.js';
import { recheckAgent } from '../agent-check.js';
import { agentOf } from '../call.js';
import { encodeJwtSvid } from '../convert/svid.js';
import { itemNotFound } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { decodeAudience, requireJwtIssuer } from './jwt-svid.js';
import type { SvidServicePorts } from './ports.js';

export function newJwtSvid(ports: SvidServicePorts): UnaryHandler<NewJWTSVIDRequest__Output, NewJWTSVIDResponse> {
  const { authorized, jwtIssuer, rateLimits } = ports;
  return async ({ entry_id: entryId, audience }, call) => {
    call.audit.add({ entry_id: entryId, audience });
    await rateLimits.take(call, 1);
    const issuer = requireJwtIssuer(jwtIssuer);
    await recheckAgent(call, ports);
    // Whether the entry exists is not for an agent to learn that may not serve it.
    const entry = authorized.find(agentOf(call).id, entryId);
    if (entry === undefined) throw itemNotFound('entry not found or not authorized');
    const { spiffeId, jwtSvidTtlSeconds: ttlSeconds, additionalAttributes } = entry;
    call.audit.add({ spiffe_id: spiffeId.toString() });
    const includeTokenId = additionalAttributes?.jwtSvidIncludeJti ?? false;
    const svid = issuer.issueJwtSvid({ spiffeId, audience: decodeAudience(audience), ttlSeconds, includeTokenId });
    return { svid: encodeJwtSvid(spiffeId, svid) };
  };
}
