// A server interceptor that lets a call pass by the JWT-SVID that it brings (JWT-SVID §5.3).
import { type Metadata, type ServerInterceptor } from '@grpc/grpc-js';
import type { JwtBundleSource } from '../bundle/index.js';
import { sdkError, systemClock, type Clock } from '../runtime/index.js';
import { audiences, verifyJwtSvid, type JwtSvid } from '../svid/index.js';
import { checkAuthorized, type JwtAuthorizer } from '../tls/authorizer.js';
import { IdentifiedCall, withJwtSvid } from './caller.js';
import { refusalOf, reportRefusal, type RefusalOptions } from './refusal.js';

export interface RequireJwtSvidOptions extends RefusalOptions {
  readonly bundles: JwtBundleSource;
  /** Who we are to those who ask for tokens. A token for one of these is accepted, for no other. */
  readonly audience: string | readonly string[];
  /** Who may call: there is no default. */
  readonly authorize: JwtAuthorizer;
  /** How far the clocks may be apart. Default: as `verifyJwtSvid`. */
  readonly clockToleranceSeconds?: number | undefined;
  /** Whether a token must name its key. Default: as `verifyJwtSvid`, it need not (JWT-SVID §2.2). */
  readonly requireKeyId?: boolean | undefined;
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined;
}

/**
 * An interceptor for `new Server({ interceptors: [requireJwtSvid(options)] })`; `jwtSvidOfCall(call)` tells who calls. A
 * call without one valid JWT-SVID for `audience` gets UNAUTHENTICATED, one whose subject `authorize` refuses
 * PERMISSION_DENIED, and UNAVAILABLE when the bundles are not available.
 *
 * @throws TypeError without bundles, an audience or an authorizer.
 */
export function requireJwtSvid(options: RequireJwtSvidOptions): ServerInterceptor {
  audiences(options.audience); // JWT-SVID appendix A: configured in advance
  if (typeof options.authorize !== 'function') throw new TypeError('requireJwtSvid: expected an authorizer');
  if ((options.bundles as unknown) === undefined) throw new TypeError('requireJwtSvid: expected a source of bundles');
  return ({ path }, call) => {
    let svid: JwtSvid | undefined;
    const context = () => (svid === undefined ? call.getAuthContext() : withJwtSvid(call.getAuthContext(), svid));
    return new IdentifiedCall(call, context, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            judge(metadata, options).then(
              (verified) => {
                svid = verified;
                proceed(metadata);
              },
              (error: unknown) => {
                reportRefusal(call, path, error, options);
                call.sendStatus(refusalOf(error, path));
              },
            );
          },
        });
      },
    });
  };
}

async function judge(metadata: Metadata, options: RequireJwtSvidOptions): Promise<JwtSvid> {
  const { bundles, audience, clock = systemClock, clockToleranceSeconds, requireKeyId } = options;
  const svid = await verifyJwtSvid(bearerToken(metadata), bundles, {
    audience,
    now: clock.now(),
    clockToleranceSeconds,
    requireKeyId,
  });
  checkAuthorized(options.authorize, svid);
  return svid;
}

function bearerToken(metadata: Metadata): string {
  const [credentials, ...others] = metadata.get('authorization');
  if (typeof credentials !== 'string') throw unauthenticated('the call has no authorization metadata');
  if (others.length > 0) throw unauthenticated('the call has several values of authorization metadata; expected one');
  // RFC 9110 §11.1: the scheme is case-insensitive.
  const token = /^bearer ([\w.~+/-]+=*)$/i.exec(credentials)?.[1];
  if (token === undefined) throw unauthenticated('the authorization metadata is not one bearer token');
  return token;
}

function unauthenticated(problem: string): Error {
  return sdkError('ERR_SPIFFE_UNAUTHENTICATED', problem);
}
