// RPCs of the Workload API that this agent does not serve: UNIMPLEMENTED tells a client not to ask again (SPIFFE
// Workload API §7, SPIFFE Workload Endpoint appendix A).
import { status, type handleServerStreamingCall } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';

export function unimplementedStream<Request, Response>(what: string): handleServerStreamingCall<Request, Response> {
  return (call) => {
    call.emit('error', unimplemented(what));
  };
}

function unimplemented(what: string): StatusError {
  return new StatusError(status.UNIMPLEMENTED, `${what} is not implemented`);
}
