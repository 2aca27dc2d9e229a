export { authorizeMethods, type AuthorizeMethodsOptions, type MethodRules } from './authorize-methods.js';
export { jwtSvidOfCall, peerOfCall, type GrpcCall } from './caller.js';
export { mtlsChannelCredentials, mtlsWebChannelCredentials, tlsChannelCredentials } from './channel-credentials.js';
export { jwtCallCredentials } from './jwt-call-credentials.js';
export type { JwtAuthorizer } from '../tls/authorizer.js';
export type { RefusalOptions, RefusedCall } from './refusal.js';
export { requireJwtSvid, type RequireJwtSvidOptions } from './require-jwt-svid.js';
export { serveGrpc, type ServeGrpcSettings } from './serve-grpc.js';
export {
  mtlsServerCredentials,
  mtlsWebServerCredentials,
  tlsServerCredentials,
  type MtlsServerCredentialsOptions,
  type MtlsWebServerCredentialsOptions,
  type TlsServerCredentialsOptions,
} from './server-credentials.js';
