// grpc.health.v1 on the Workload API's socket: whether a workload that asked now would be answered.
import { status, type handleUnaryCall, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { HealthCheckRequest__Output } from '@credence/sdk/wire/gen/grpc/health/v1/HealthCheckRequest.js';
import type { HealthCheckResponse } from '@credence/sdk/wire/gen/grpc/health/v1/HealthCheckResponse.js';

/** Whether the Workload API answers; never rejects. */
export type Health = () => Promise<boolean>;

/** Check for the whole endpoint; a client that asks for List or Watch is told UNIMPLEMENTED. */
export function healthHandlers(health: Health): UntypedServiceImplementation {
  const check: handleUnaryCall<HealthCheckRequest__Output, HealthCheckResponse> = (call, callback) => {
    if (call.request.service !== '') {
      callback(new StatusError(status.INVALID_ARGUMENT, 'service must be empty: health is not kept per service'));
      return;
    }
    void health().then((healthy) => {
      callback(null, { status: healthy ? 'SERVING' : 'NOT_SERVING' });
    });
  };
  return { Check: check };
}
