// Authorization of requests by a JWT-SVID that they carry as a bearer token (JWT-SVID §5.2, RFC 6750).
import type { JwtBundleSource } from '../bundle/index.js';
import { isSpiffeError, systemClock } from '../runtime/index.js';
import { audiences, verifyJwtSvid, type JwtSvid } from '../svid/index.js';
import { checkAuthorized, type JwtAuthorizer } from '../tls/authorizer.js';
import { bearerChallenge, bearerToken } from './bearer-token.js';
import type { IncomingRequest } from './caller.js';
import { decisionOf, refusal, type GuardOptions, type Verdict } from './guard.js';
import { inEveryShape, type MiddlewareFactory } from './middleware.js';

export interface RequireJwtSvidOptions extends GuardOptions {
  readonly bundles: JwtBundleSource;
  /** Who we are to those who ask for tokens. A token for one of these is accepted, for no other. */
  readonly audience: string | readonly string[];
  /** Who may call: there is no default. */
  readonly authorize: JwtAuthorizer;
  /** How far the clocks may be apart. Default: as `verifyJwtSvid`. */
  readonly clockToleranceSeconds?: number | undefined;
  /** Whether a token must name its key. Default: as `verifyJwtSvid`, it need not (JWT-SVID §2.2). */
  readonly requireKeyId?: boolean | undefined;
}

/**
 * Lets a request pass when it carries one valid JWT-SVID for `audience`, whose subject `authorize` allows. Otherwise 401
 * without a valid token, 403 for a subject that is not allowed, 400 for several `Authorization` headers and for a token
 * in the query, 503 when the bundles are not available.
 *
 * @throws TypeError without bundles, an audience or an authorizer.
 */
export const requireJwtSvid: MiddlewareFactory<[options: RequireJwtSvidOptions]> = inEveryShape(
  (options: RequireJwtSvidOptions) => {
    audiences(options.audience); // JWT-SVID appendix A: configured in advance
    if (typeof options.authorize !== 'function') throw new TypeError('requireJwtSvid: expected an authorizer');
    if ((options.bundles as unknown) === undefined) throw new TypeError('requireJwtSvid: expected a source of bundles');
    return decisionOf((request) => judge(request, options), options);
  },
);

async function judge(request: IncomingRequest, options: RequireJwtSvidOptions): Promise<Verdict> {
  const token = bearerToken(request);
  if (typeof token !== 'string') return token;
  const svid = await verified(token, options);
  if (svid instanceof Error) return refusal(401, svid, bearerChallenge.invalidToken);
  try {
    checkAuthorized(options.authorize, svid);
  } catch (error) {
    return refusal(403, error, bearerChallenge.insufficientScope);
  }
  return { kind: 'allowed', caller: { kind: 'jwt', id: svid.id, svid } };
}

/** What is not the token's fault is thrown. */
async function verified(token: string, options: RequireJwtSvidOptions): Promise<JwtSvid | Error> {
  const { bundles, audience, clock = systemClock, clockToleranceSeconds, requireKeyId } = options;
  try {
    return await verifyJwtSvid(token, bundles, { audience, now: clock.now(), clockToleranceSeconds, requireKeyId });
  } catch (error) {
    if (isSpiffeError(error, 'ERR_SPIFFE_JWT')) return error;
    throw error;
  }
}
