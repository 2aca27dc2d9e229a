// A unary RPC.
import { status, type handleUnaryCall } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import { statusOf } from '../status-of.js';
import { cancellationOf, serveCaller, type Caller, type CallOptions } from './serve-caller.js';

/** Answers each call with what `answer` resolves to, or with the status of what it throws. */
export function unaryAnswer<Request, Response>(
  options: CallOptions,
  answer: (request: Request, caller: Caller) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    serveCaller(call, options, cancellationOf(call), (caller) => answer(call.request, caller)).then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        callback(statusOf(error));
      },
    );
  };
}

/** SPIFFE Workload API §4.5: a field that must be there is not, or makes no sense. */
export function invalidArgument(problem: string, cause?: unknown): StatusError {
  return new StatusError(status.INVALID_ARGUMENT, problem, { cause });
}
