export { SpiffeError, isSpiffeError, type SpiffeErrorOptions } from './runtime/error.js';
export { sdkErrors, type SdkErrorCode } from './runtime/error-codes.js';
export type { Clock, SleepOptions } from './runtime/clock.js';
export type { Logger } from './runtime/logger.js';
export type { Random } from './runtime/random.js';
export { SpiffeId, TrustDomain, type SpiffeIdProblem } from './spiffeid/index.js';
export {
  BundleSet,
  JwtBundle,
  JwtBundleSet,
  SpiffeBundle,
  SpiffeBundleSet,
  X509Bundle,
  X509BundleSet,
  type EntryReport,
  type JwtAuthority,
  type JwtBundleSource,
  type SpiffeBundleParts,
  type SpiffeBundleSource,
  type X509BundleSource,
} from './bundle/index.js';
export {
  JwtSvid,
  X509Svid,
  spiffeIdOf,
  verifyJwtSvid,
  verifyX509Svid,
  type FetchJwtSvidOptions,
  type JwtReason,
  type JwtSvidParams,
  type JwtSvidSource,
  type VerifiedPeer,
  type VerifyJwtSvidOptions,
  type VerifyReason,
  type X509SvidSource,
} from './svid/index.js';
export {
  Certificate,
  type BasicConstraints,
  type DistinguishedName,
  type Extension,
  type GeneralNames,
  type NameConstraints,
  type SignatureAlgorithm,
} from './x509/index.js';
export {
  anyOf,
  authorizeAny,
  authorizeId,
  authorizeIf,
  authorizeMemberOf,
  authorizeOneOf,
  type Authorizer,
  type IdAuthorizer,
  type Identified,
  type Judge,
} from './tls/authorizer.js';
export { authorizeMatching } from './tls/authorize-matching.js';
export {
  observe,
  observedRefusal,
  type ObservedRefusal,
  type ObserveOptions,
  type ObservingAuthorizer,
} from './tls/observe.js';
export {
  BundleSource,
  JwtSource,
  WorkloadApiClient,
  X509Source,
  parseEndpoint,
  type CallOptions,
  type Endpoint,
  type JwtSourceOptions,
  type JwtSvids,
  type ResponseLimits,
  type Source,
  type SourceEvents,
  type SourceOptions,
  type SvidChoice,
  type WatchOptions,
  type WorkloadApiClientOptions,
  type X509Context,
  type X509SourceOptions,
} from './workloadapi/index.js';
