// A JWT-SVID as the server issues it, checked against what was asked for. Its signature is the server's own and is not
// verified: the agent's bundle may be older than the key.
import type { SpiffeId } from '@credence/sdk/spiffeid';
import { JwtSvid } from '@credence/sdk/svid';
import { agentError } from './errors.js';

export interface IssuedJwtSvid {
  readonly svid: JwtSvid;
  /** Of the authority that signed it; undefined when the token does not say. */
  readonly keyId: string | undefined;
}

export interface ExpectedJwtSvid {
  readonly spiffeId: SpiffeId;
  readonly audience: readonly string[];
  readonly now: Date;
}

/** @throws ERR_SERVER_RESPONSE; as JwtSvid.parseInsecure */
export function parseIssuedJwtSvid(token: string, { spiffeId, audience, now }: ExpectedJwtSvid): IssuedJwtSvid {
  const svid = JwtSvid.parseInsecure(token);
  if (!svid.id.equals(spiffeId)) throw unexpected(`is of ${String(svid.id)}, not of ${String(spiffeId)}`);
  if (!audience.every((one) => svid.audience.includes(one))) throw unexpected('is not for the audience asked for');
  if (svid.expiresAt <= now) throw unexpected('has expired');
  return { svid, keyId: keyIdOf(token) };
}

// The header of a token that was parsed is an object, and its "kid" a string or missing.
function keyIdOf(token: string): string | undefined {
  const [header = ''] = token.split('.', 1);
  return (JSON.parse(Buffer.from(header, 'base64url').toString()) as { readonly kid?: string }).kid;
}

function unexpected(problem: string): Error {
  return agentError('ERR_SERVER_RESPONSE', `the JWT-SVID that the server issued ${problem}`);
}
