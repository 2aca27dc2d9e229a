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
export type { JwtAuthorizer } from '../tls/authorizer.js';
export { requireJwtSvid, type RequireJwtSvidOptions } from './require-jwt-svid.js';
export { requireSpiffeId } from './require-spiffe-id.js';
export { withJwtSvid, type WithJwtSvidOptions } from './with-jwt-svid.js';
