// ValidateJWTSVID: whether a token is a JWT-SVID for the caller's audience (SPIFFE Workload API §6.2.3). Everybody may ask
// about tokens of the own trust domain; about foreign ones, whoever has an identity that federates with theirs.
import type { handleUnaryCall } from '@grpc/grpc-js';
import { JwtBundleSet } from '@credence/sdk/bundle';
import { verifyJwtSvid, type JwtSvid } from '@credence/sdk/svid';
import { isSpiffeError } from '@credence/sdk/runtime';
import { encodeStruct } from '@credence/sdk/wire';
import type { ValidateJWTSVIDRequest__Output } from '@credence/sdk/wire/gen/ValidateJWTSVIDRequest.js';
import type { ValidateJWTSVIDResponse } from '@credence/sdk/wire/gen/ValidateJWTSVIDResponse.js';
import type { TrustedBundles } from '../../domain/workload-identity.js';
import type { WorkloadApiOptions, WorkloadApiRules } from './serve-caller.js';
import { invalidArgument, unaryAnswer } from './unary-answer.js';
import { federated } from './x509-messages.js';

// JWT-SVID §3: what makes a token an SVID is never left out.
const svidClaims = ['sub', 'exp', 'aud'];

export function validateJwtSvid(
  options: WorkloadApiOptions,
): handleUnaryCall<ValidateJWTSVIDRequest__Output, ValidateJWTSVIDResponse> {
  const { clock, attestation, snapshots, rules } = options;
  return unaryAnswer(options, async ({ audience, svid: token }, { peer, log, signal }) => {
    if (audience === '') throw invalidArgument('audience must be specified');
    if (token === '') throw invalidArgument('svid must be specified');
    const trusted = snapshots.trusted(await attestation.attest(peer, signal));
    const svid = await verify(token, trusted, { audience, now: clock.now() });
    log.debug({ spiffeId: svid.id.toString() }, 'successfully validated JWT-SVID');
    const own = svid.id.isMemberOf(trusted.bundle.trustDomain);
    return { spiffe_id: svid.id.toString(), claims: encodeStruct(own ? claimsOf(svid) : foreignClaims(svid, rules)) };
  });
}

async function verify(
  token: string,
  trusted: TrustedBundles,
  options: { readonly audience: string; readonly now: Date },
): Promise<JwtSvid> {
  const bundles = JwtBundleSet.of(...[trusted.bundle, ...federated(trusted)].map(({ jwtBundle }) => jwtBundle));
  try {
    return await verifyJwtSvid(token, bundles, { ...options, requireKeyId: true });
  } catch (error) {
    if (isSpiffeError(error, 'ERR_SPIFFE_JWT')) throw invalidArgument(error.message, error);
    throw error;
  }
}

// RFC 7519 §4.1.3 allows one string in place of a list.
function claimsOf({ claims, audience }: JwtSvid): Readonly<Record<string, unknown>> {
  return { ...claims, aud: audience };
}

// SPIFFE Workload API §6.2.3: what others mean by a claim of their own is for the operator to know.
function foreignClaims(
  svid: JwtSvid,
  { allowedForeignJwtClaims }: WorkloadApiRules,
): Readonly<Record<string, unknown>> {
  const told = new Set([...svidClaims, ...allowedForeignJwtClaims]);
  return Object.fromEntries(Object.entries(claimsOf(svid)).filter(([name]) => told.has(name)));
}
