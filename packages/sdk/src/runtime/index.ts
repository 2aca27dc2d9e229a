export { systemClock, type Clock, type SleepOptions } from './clock.js';
export { systemRandom, type Random } from './random.js';
export { Backoff, type BackoffOptions } from './backoff.js';
export { Latest } from './latest.js';
export { silentLogger, type Logger } from './logger.js';
export { SpiffeError, isSpiffeError, type SpiffeErrorOptions } from './error.js';
export { sdkError, sdkErrors, type SdkErrorCode } from './error-codes.js';
export { ensurePrivateDirectory, writeFileAtomic } from './atomic-file.js';
export { parseDuration } from './duration.js';
