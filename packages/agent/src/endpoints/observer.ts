// What the endpoints tell of themselves, for metrics.
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { statusName } from '@credence/sdk/daemon';
import { isSpiffeError } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';

export interface EndpointObserver {
  /** Of the methods that are served only: nothing here is what a caller wrote. */
  callStarted(method: string): void;
  /** @param status the name of the gRPC status, such as `PermissionDenied`; `Canceled` when the caller left. */
  callEnded(method: string, status: string): void;
  /** @param reason a code of the agent's errors, or the name of a gRPC status. */
  callRefused(method: string, reason: string): void;
  /** @param reason a code of the agent's errors or of the SDK's. */
  connectionRefused(reason: string): void;
  connectionCut(): void;
}

/** Of an endpoint that nobody watches. */
export const unobserved: EndpointObserver = {
  callStarted: () => undefined,
  callEnded: () => undefined,
  callRefused: () => undefined,
  connectionRefused: () => undefined,
  connectionCut: () => undefined,
};

/** The first interceptor of an endpoint: it sees each call begin and end, whoever ends it. */
export function observeCalls(observer: EndpointObserver): ServerInterceptor {
  return ({ path }, call) => {
    let outcome = 'Canceled';
    let started = false;
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          // Counted here and not before: only a call that gets this far is told of its end.
          onReceiveMetadata: (metadata, proceed) => {
            started = true;
            observer.callStarted(path);
            proceed(metadata);
          },
          onCancel: () => {
            if (started) observer.callEnded(path, outcome);
          },
        });
      },
      sendStatus: (status, next) => {
        outcome = statusName(status.code);
        next(status);
      },
    });
  };
}

/** How a failure is counted. */
export function reasonOf(error: unknown): string {
  if (isSpiffeError(error)) return error.code;
  return error instanceof StatusError ? statusName(error.code) : 'Internal';
}
