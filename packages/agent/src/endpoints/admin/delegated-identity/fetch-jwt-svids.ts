// FetchJWTSVIDs: a JWT-SVID for each identity of a workload, for its delegate.
import { JwtSvid } from '@credence/sdk/svid';
import type { FetchJWTSVIDsRequest__Output } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/FetchJWTSVIDsRequest.js';
import type { FetchJWTSVIDsResponse } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/FetchJWTSVIDsResponse.js';
import type { JWTSVID } from '@credence/sdk/wire/gen/spire/api/types/JWTSVID.js';
import type { AuthorizedEntry } from '../../../domain/authorized-entry.js';
import { callerKey, type CallerRate } from '../../peer/caller-rate.js';
import { noIdentity, type Caller } from '../../workload/serve-caller.js';
import { invalidArgument } from '../../workload/unary-answer.js';
import { requireDelegate } from './delegate.js';
import { encodeId, encodeSeconds } from '../messages.js';
import type { DelegatedIdentityPorts } from './ports.js';
import { isDelegable, selectorsOf } from './subject.js';

export async function fetchJwtSvids(
  ports: DelegatedIdentityPorts & { readonly rate: CallerRate },
  request: FetchJWTSVIDsRequest__Output,
  caller: Caller,
): Promise<FetchJWTSVIDsResponse> {
  const audience = request.audience.filter((one) => one !== '');
  if (audience.length === 0) throw invalidArgument('audience must be specified');
  const { snapshots, jwtSvids, rate } = ports;
  const delegate = await requireDelegate(caller, ports);
  const selectors = await selectorsOf(request, ports, caller.signal);
  const entries = snapshots.entitlements(selectors).filter(isDelegable);
  if (entries.length === 0) throw noIdentity();
  const admit = (): Disposable => rate.take(callerKey(selectors));
  const svids: JWTSVID[] = [];
  for (const entry of entries) {
    svids.push(encodeJwtSvid(entry, await jwtSvids.fetch(entry, { audience, admit }, caller.signal)));
  }
  delegate.check();
  caller.log.debug({ count: svids.length }, 'delegated JWT-SVIDs');
  return { svids };
}

function encodeJwtSvid({ spiffeId, hint }: AuthorizedEntry, token: string): JWTSVID {
  const { expiresAt, claims } = JwtSvid.parseInsecure(token);
  const { iat } = claims;
  return {
    token,
    id: encodeId(spiffeId),
    expires_at: encodeSeconds(expiresAt),
    issued_at: typeof iat === 'number' ? String(Math.floor(iat)) : '0',
    hint,
  };
}
