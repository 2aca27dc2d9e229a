// NewJWTSVID: a token for one of the agent's entries. It is not read here.
import type { SVIDClient } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import { agentError } from '../domain/errors.js';
import { unary } from './calls.js';

export interface NewJwtSvidRequest {
  readonly entryId: string;
  readonly audience: readonly string[];
}

/** The JWS in compact serialization. @throws ERR_SERVER_RESPONSE, ServiceError */
export async function newJwtSvid(
  client: SVIDClient,
  { entryId, audience }: NewJwtSvidRequest,
  signal: AbortSignal,
): Promise<string> {
  const request = { entry_id: entryId, audience: [...audience] };
  const { svid } = await unary(client.newJwtsvid.bind(client), request, signal);
  if (svid === null) throw agentError('ERR_SERVER_RESPONSE', 'NewJWTSVID: the response holds no JWT-SVID');
  return svid.token;
}
