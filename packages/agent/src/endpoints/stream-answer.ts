// A streaming RPC: one message at a time, none made before the last one has left.
import { status, type handleServerStreamingCall, type ServerWritableStream } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import { statusOf } from './status-of.js';
import { cancellationOf, serveCaller, type Caller, type CallOptions } from './workload/serve-caller.js';

/** Sends what `answer` yields until its caller leaves, or ends with the status of what it throws. */
export function streamAnswer<Request, Response>(
  options: CallOptions,
  answer: (request: Request, caller: Caller) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const signal = cancellationOf(call);
    serveCaller(call, options, signal, async (caller) => {
      for await (const message of answer(call.request, caller)) await send(call, message, signal);
      signal.throwIfAborted();
      throw new StatusError(status.UNAVAILABLE, 'the agent is stopping');
    }).catch((error: unknown) => {
      // There is nobody left to tell.
      if (!signal.aborted) call.emit('error', statusOf(error));
    });
  };
}

/** Resolves when HTTP/2 flow control has let the message go. @throws `signal.reason` */
export function send<Response>(
  call: Pick<ServerWritableStream<unknown, Response>, 'write'>,
  message: Response,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
    call.write(message, () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
  });
}
