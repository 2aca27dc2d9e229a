export { SpiffeError, isSpiffeError, type SpiffeErrorOptions } from './runtime/error.js';
export { sdkErrors, type SdkErrorCode } from './runtime/error-codes.js';
export type { Logger } from './runtime/logger.js';
export { SpiffeId, TrustDomain, type SpiffeIdProblem } from './spiffeid/index.js';
