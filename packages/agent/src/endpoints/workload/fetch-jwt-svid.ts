// FetchJWTSVID: a JWT-SVID for each of the caller's identities, or for the one that it names (SPIFFE Workload API §6.2.1).
import type { handleUnaryCall } from '@grpc/grpc-js';
import { SpiffeId } from '@credence/sdk/spiffeid';
import type { Logger } from '@credence/sdk/runtime';
import type { JWTSVIDRequest__Output } from '@credence/sdk/wire/gen/JWTSVIDRequest.js';
import type { JWTSVIDResponse } from '@credence/sdk/wire/gen/JWTSVIDResponse.js';
import type { AuthorizedEntry } from '../../domain/authorized-entry.js';
import { callerKey, CallerRate } from '../peer/caller-rate.js';
import { newJwtSvidsAtOnce } from '../peer/limits.js';
import { checkAlive, noIdentity, type WorkloadApiOptions } from './serve-caller.js';
import { invalidArgument, unaryAnswer } from './unary-answer.js';
import { withUniqueHints } from './unique-hints.js';

export function fetchJwtSvid(options: WorkloadApiOptions): handleUnaryCall<JWTSVIDRequest__Output, JWTSVIDResponse> {
  const { clock, attestation, snapshots, jwtSvids, limits } = options;
  const rate = new CallerRate({
    clock,
    method: '/SpiffeWorkloadAPI/FetchJWTSVID',
    perSecond: limits.newJwtSvidsPerSecond,
    atOnce: newJwtSvidsAtOnce,
  });
  return unaryAnswer(options, async (request, { peer, log, signal }) => {
    const audience = request.audience.filter((one) => one !== '');
    if (audience.length === 0) throw invalidArgument('audience must be specified');
    const wanted = request.spiffe_id === '' ? undefined : parseWanted(request.spiffe_id);
    const selectors = await attestation.attest(peer, signal);
    limits.check('fetchJwtSvid', peer, selectors);
    const entries = entitled(snapshots.entitlements(selectors), wanted, log);
    if (entries.length === 0) throw noIdentity();
    const admit = (): Disposable => rate.take(callerKey(selectors));
    const svids: { spiffe_id: string; svid: string; hint: string }[] = [];
    for (const entry of entries) {
      const svid = await jwtSvids.fetch(entry, { audience, admit }, signal);
      svids.push({ spiffe_id: entry.spiffeId.toString(), svid, hint: entry.hint });
    }
    checkAlive(peer);
    log.debug({ spiffeIds: svids.map(({ spiffe_id: id }) => id) }, 'fetched JWT-SVIDs');
    return { svids };
  });
}

function entitled(
  entries: readonly AuthorizedEntry[],
  wanted: SpiffeId | undefined,
  log: Logger,
): readonly AuthorizedEntry[] {
  const hinted = entries.map((entry) => ({ entry, entryId: entry.id, hint: entry.hint, createdAt: entry.createdAt }));
  const all = withUniqueHints(hinted, log).map(({ entry }) => entry);
  return wanted === undefined ? all : all.filter(({ spiffeId }) => spiffeId.equals(wanted));
}

function parseWanted(text: string): SpiffeId {
  try {
    return SpiffeId.parse(text);
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw invalidArgument(`invalid requested SPIFFE ID: ${problem}`, error);
  }
}
