// How an interceptor ends a call before its handler runs.
import type { ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { ServerInterceptingCall } from '@grpc/grpc-js';

/** A call that ends with this status at once; its handler never learns of it. */
export function refusedCall(
  call: ServerInterceptingCallInterface,
  code: status,
  details: string,
): ServerInterceptingCall {
  return new ServerInterceptingCall(call, {
    start: (next) => {
      next({ onReceiveMetadata: () => undefined });
      call.sendStatus({ code, details });
    },
  });
}
