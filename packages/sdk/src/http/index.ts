export type { Caller, IncomingRequest } from './caller.js';
export type { GuardOptions, Refusal } from './guard.js';
export type {
  ConnectMiddleware,
  ConnectResponse,
  FastifyHook,
  FastifyReply,
  FastifyRequest,
  KoaContext,
  KoaMiddleware,
  MiddlewareFactory,
} from './middleware.js';
export { requireJwtSvid, type JwtAuthorizer, type RequireJwtSvidOptions } from './require-jwt-svid.js';
export { requireSpiffeId } from './require-spiffe-id.js';
export { withJwtSvid, type WithJwtSvidOptions } from './with-jwt-svid.js';
