// What a failed Workload API call means for the caller (SPIFFE Workload Endpoint §6 and appendix A).
import { status } from '@grpc/grpc-js';
import { sdkError, type SdkErrorCode, type SpiffeError } from '../runtime/index.js';
import { isServiceError } from '../wire/index.js';

/** `report`: doing the same again cannot help. `retry`: it may. `denied`: it may, but not soon. */
export type Verdict = 'report' | 'retry' | 'denied';

export interface Failure {
  readonly verdict: Verdict;
  readonly error: SpiffeError<SdkErrorCode>;
}

/** Reads the error of a call; `undefined` is a stream that the other side ended in order. */
export function failureOf(error: unknown): Failure {
  if (error === undefined) return { verdict: 'retry', error: callFailed('the Workload API ended the stream', {}) };
  if (!isServiceError(error)) return { verdict: 'retry', error: callFailed('the Workload API call failed', {}, error) };
  const details = { grpcCode: status[error.code], grpcDetails: error.details };
  const text = `${details.grpcCode}: ${error.details}`;
  switch (error.code) {
    case status.PERMISSION_DENIED:
      return { verdict: 'denied', error: noIdentity(text, details, error) };
    case status.INVALID_ARGUMENT:
    case status.UNIMPLEMENTED:
      return { verdict: 'report', error: refused(`the Workload API refused the call: ${text}`, details, error) };
    default:
      return { verdict: 'retry', error: callFailed(`the Workload API call failed: ${text}`, details, error) };
  }
}

function callFailed(message: string, details: Readonly<Record<string, unknown>>, cause?: unknown): Failure['error'] {
  return sdkError('ERR_SPIFFE_WORKLOAD_API', message, { details, cause });
}

function refused(message: string, details: Readonly<Record<string, unknown>>, cause: unknown): Failure['error'] {
  return sdkError('ERR_SPIFFE_WORKLOAD_API', message, { details, cause, retryable: false });
}

function noIdentity(text: string, details: Readonly<Record<string, unknown>>, cause: unknown): Failure['error'] {
  const message = `the Workload API issues this process no identity (${text})`;
  return sdkError('ERR_SPIFFE_NO_IDENTITY', message, { details, cause });
}
