// What the JWT profile of the Workload API says (SPIFFE Workload API §6), checked as a whole: one bad part discards all
// of a response (§4.5).
import { JwtBundle, JwtBundleSet } from '../bundle/index.js';
import { SpiffeId, type TrustDomain } from '../spiffeid/index.js';
import { JwtSvid } from '../svid/index.js';
import type { JWTBundlesResponse__Output } from '../wire/gen/JWTBundlesResponse.js';
import type { JWTSVIDResponse__Output } from '../wire/gen/JWTSVIDResponse.js';
import type { JWTSVID__Output } from '../wire/gen/JWTSVID.js';
import type { ValidateJWTSVIDResponse__Output } from '../wire/gen/ValidateJWTSVIDResponse.js';
import {
  checkCount,
  checkPresent,
  firstOfEachHint,
  malformed,
  parseBundleMap,
  type Reading,
} from './response-fields.js';

/** What a call to FetchJWTSVID asked for. */
export interface JwtSvidRequest {
  readonly audience: readonly [string, ...string[]];
  readonly subject: SpiffeId | undefined;
}

/** At least one; the first is the default. */
export type JwtSvids = readonly [JwtSvid, ...JwtSvid[]];

/**
 * Reads a response to FetchJWTSVID. Each token must be of the subject and for the audience that were asked for, and not
 * have expired; its signature is not verified, as it comes from our own agent.
 *
 * @throws SpiffeError of the part that is wrong.
 */
export function parseJwtSvids(response: JWTSVIDResponse__Output, request: JwtSvidRequest, reading: Reading): JwtSvids {
  checkCount('svids', response.svids.length, reading.limits.svids); // SPIFFE Workload API §6.2.1
  const [first, ...others] = response.svids.map((message, index) => parseJwtSvid(message, index, request, reading));
  if (first === undefined) throw malformed('svids', 'is empty');
  return firstOfEachHint([first, ...others]);
}

function parseJwtSvid(message: JWTSVID__Output, index: number, request: JwtSvidRequest, { now }: Reading): JwtSvid {
  const field = `svids[${index}]`;
  checkPresent(message, ['spiffe_id', 'svid'], field); // SPIFFE Workload API §6.2.1
  const svid = JwtSvid.parseInsecure(message.svid, message.hint === '' ? undefined : message.hint);
  checkSubject(`${field}.spiffe_id`, message.spiffe_id, svid);
  if (request.subject?.equals(svid.id) === false)
    throw malformed(field, `is of ${String(svid.id)}, who was not asked for`);
  for (const audience of request.audience) {
    if (!svid.audience.includes(audience))
      throw malformed(field, `is not for the audience ${JSON.stringify(audience)}`);
  }
  if (svid.expiresAt <= now) throw malformed(field, `of ${String(svid.id)} has expired`);
  return svid;
}

/**
 * Reads a response to FetchJWTBundles. A key without `use` counts here (SPIFFE Workload API §6.2.2).
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE`, `ERR_SPIFFE_RESPONSE`
 */
export function parseJwtBundles(response: JWTBundlesResponse__Output, { limits, report }: Reading): JwtBundleSet {
  // SPIFFE Workload API §6.2.2: the bundle of the endpoint's own trust domain is always there.
  checkCount('bundles', Object.keys(response.bundles).length, limits.bundles);
  const parse = (trustDomain: TrustDomain, jwks: Buffer): JwtBundle => JwtBundle.parse(trustDomain, jwks, report);
  return JwtBundleSet.of(...parseBundleMap('bundles', response.bundles, parse));
}

/**
 * Reads a response to ValidateJWTSVID: the token that the Workload API has found valid.
 *
 * @throws SpiffeError of the part that is wrong.
 */
export function parseValidated(response: ValidateJWTSVIDResponse__Output, token: string): JwtSvid {
  checkPresent(response, ['spiffe_id'], 'response'); // SPIFFE Workload API §6.2.3: every field is mandatory.
  if (response.claims === null) throw malformed('claims', 'is empty');
  const svid = JwtSvid.parseInsecure(token);
  checkSubject('spiffe_id', response.spiffe_id, svid);
  return svid;
}

function checkSubject(field: string, spiffeId: string, svid: JwtSvid): void {
  const claimed = SpiffeId.parse(spiffeId);
  if (!svid.id.equals(claimed)) {
    throw malformed(field, `is ${String(claimed)}, but the token is of ${String(svid.id)}`);
  }
}
