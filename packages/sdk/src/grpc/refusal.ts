// How a call ends that is refused: with a status that tells the caller enough, and a record that tells the operator all.
import { ServerInterceptingCall, status, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { guarded, isSpiffeError, type Logger, type SdkErrorCode } from '../runtime/index.js';

/** What the caller learns. */
export interface Refusal {
  readonly code: status;
  readonly details: string;
}

/** A call that ends at once; its handler never runs, and its request is never decoded. */
export function refusedCall(call: ServerInterceptingCallInterface, refusal: Refusal): ServerInterceptingCall {
  return new ServerInterceptingCall(call, {
    start() {
      call.sendStatus(refusal);
    },
  });
}

/**
 * PERMISSION_DENIED for a caller who is known and not allowed, UNAUTHENTICATED for one who proves nothing, and UNAVAILABLE
 * where that cannot be decided. Whom the server would allow stays in its log.
 */
export function refusalOf(error: unknown, method: string): Refusal {
  if (!isSpiffeError(error)) return undecided;
  switch (error.code as SdkErrorCode) {
    case 'ERR_SPIFFE_UNAUTHORIZED':
      return {
        code: status.PERMISSION_DENIED,
        details: `${String(error.details['id'])} is not allowed to call ${method}`,
      };
    case 'ERR_SPIFFE_VERIFY':
    case 'ERR_SPIFFE_JWT':
    case 'ERR_SPIFFE_UNAUTHENTICATED':
      return { code: status.UNAUTHENTICATED, details: error.message };
    default:
      return undecided;
  }
}

const undecided: Refusal = { code: status.UNAVAILABLE, details: 'the caller could not be verified' };

/** One record a refused call. */
export function logRefusal(logger: Logger, method: string, error: unknown): void {
  const what = isSpiffeError(error) ? { ...error.details, code: error.code } : {};
  guarded(logger).warn({ ...what, error: error instanceof Error ? error.message : 'refused', method }, 'call refused');
}
