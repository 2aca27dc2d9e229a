// grpc.health.v1 on the Workload API's socket: whether a workload that asked now would be answered.
import { status, type handleUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { HealthCheckRequest__Output } from '@credence/sdk/wire/gen/grpc/health/v1/HealthCheckRequest.js';
import type { HealthCheckResponse } from '@credence/sdk/wire/gen/grpc/health/v1/HealthCheckResponse.js';

/** Whether the Workload API answers; false when it could not be found out before the signal aborted. */
export type HealthProbe = (signal: AbortSignal) => Promise<boolean>;

/** Check for the whole endpoint; a client that asks for List or Watch is told UNIMPLEMENTED. */
export function healthHandlers(probe: HealthProbe): UntypedServiceImplementation {
  const check: handleUnaryCall<HealthCheckRequest__Output, HealthCheckResponse> = (call, callback) => {
    if (call.request.service !== '') {
      callback(new StatusError(status.INVALID_ARGUMENT, 'service must be empty: health is not kept per service'));
      return;
    }
    const cancelled = new AbortController();
    call.once('cancelled', () => {
      cancelled.abort();
    });
    const answer = (healthy: boolean): void => {
      callback(null, { status: healthy ? 'SERVING' : 'NOT_SERVING' });
    };
    probe(cancelled.signal).then(answer, () => {
      answer(false);
    });
  };
  return { Check: check };
}
