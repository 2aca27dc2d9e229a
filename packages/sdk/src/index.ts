export { SpiffeError, isSpiffeError, type SpiffeErrorOptions } from './runtime/error.js';
export { sdkErrors, type SdkErrorCode } from './runtime/error-codes.js';
export type { Logger } from './runtime/logger.js';
export { SpiffeId, TrustDomain, type SpiffeIdProblem } from './spiffeid/index.js';
export { X509Bundle, X509BundleSet, type X509BundleSource } from './bundle/index.js';
export { X509Svid, verifyX509Svid, type VerifiedPeer, type VerifyReason, type X509SvidSource } from './svid/index.js';
export type { Certificate } from './x509/index.js';
export {
  anyOf,
  authorizeAny,
  authorizeId,
  authorizeIf,
  authorizeMemberOf,
  authorizeOneOf,
  type Authorizer,
} from './tls/authorizer.js';
export {
  WorkloadApiClient,
  X509Source,
  parseEndpoint,
  type CallOptions,
  type Endpoint,
  type SvidChoice,
  type WatchOptions,
  type WorkloadApiClientOptions,
  type X509Context,
  type X509SourceOptions,
} from './workloadapi/index.js';
