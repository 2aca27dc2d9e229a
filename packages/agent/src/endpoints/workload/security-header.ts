// The header that keeps a server-side request forgery from reaching the Workload API (SPIFFE Workload Endpoint §3, §6):
// `workload.spiffe.io: true`, exactly once and in exactly these letters.
import { ServerInterceptingCall, status, type Metadata, type ServerInterceptor } from '@grpc/grpc-js';

export const securityHeader = 'workload.spiffe.io';

// Other services on the socket, such as health, are asked by probes that do not send it.
const guarded = '/SpiffeWorkloadAPI/';

/** Refuses each call of the Workload API without the header, before anybody looks at the caller. */
export const requireSecurityHeader: ServerInterceptor = (method, call) =>
  method.path.startsWith(guarded)
    ? new ServerInterceptingCall(call, {
        start: (next) => {
          let accepted = false;
          next({
            onReceiveMetadata: (metadata, proceed) => {
              accepted = hasSecurityHeader(metadata);
              if (accepted) proceed(metadata);
              else call.startRead();
            },
            onReceiveMessage: (message, proceed) => {
              if (accepted) proceed(message);
              else call.startRead();
            },
            // Only now: a refusal does not end a call that its caller keeps open.
            onReceiveHalfClose: (proceed) => {
              if (accepted) proceed();
              else call.sendStatus({ code: status.INVALID_ARGUMENT, details: 'security header missing from request' });
            },
          });
        },
      })
    : new ServerInterceptingCall(call);

function hasSecurityHeader(metadata: Metadata): boolean {
  // A header that was sent twice arrives as two values or as one joined by a comma: neither is `true`.
  const values = metadata.get(securityHeader);
  return values.length === 1 && values[0] === 'true';
}
