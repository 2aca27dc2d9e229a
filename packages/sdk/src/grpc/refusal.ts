// How a call ends that is refused: with a status that tells the caller enough, and a record that tells the operator all.
import { ServerInterceptingCall, status, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { guarded, isSpiffeError, type Logger, type SdkErrorCode } from '../runtime/index.js';
import { describeError } from '../tls/connections.js';
import type { GrpcCall } from './caller.js';

/** Who is told of the calls that an interceptor refuses. */
export interface RefusalOptions {
  /** Told of each refused call. Default: silent. */
  readonly logger?: Logger | undefined;
  /**
   * Called for each refused call, before its status is sent, with the reason: `ERR_SPIFFE_UNAUTHENTICATED`,
   * `ERR_SPIFFE_JWT`, `ERR_SPIFFE_UNAUTHORIZED`, or what the sources threw. What it throws is logged and changes nothing.
   */
  readonly onRefusal?: ((error: Error, call: RefusedCall) => void) | undefined;
}

/** A call that is refused. */
export interface RefusedCall extends GrpcCall {
  /** `/package.Service/Method` */
  readonly method: string;
}

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

/** Reports a call that an interceptor refuses. */
export function reportRefusal(call: GrpcCall, method: string, error: unknown, options: RefusalOptions): void {
  const reason = error instanceof Error ? error : new Error('refused', { cause: error });
  logRefusal(options.logger, method, reason, () => {
    options.onRefusal?.(reason, { method, getAuthContext: () => call.getAuthContext() });
  });
}

/** One record a refused call, and one when `tell`, who is told of it too, throws. */
export function logRefusal(logger: Logger | undefined, method: string, error: unknown, tell: () => void): void {
  const log = guarded(logger);
  const what = isSpiffeError(error) ? { ...error.details, code: error.code } : {};
  log.warn({ ...what, error: error instanceof Error ? error.message : 'refused', method }, 'call refused');
  try {
    tell();
  } catch (failure) {
    log.error(describeError(failure), 'the report of a refusal failed');
  }
}
