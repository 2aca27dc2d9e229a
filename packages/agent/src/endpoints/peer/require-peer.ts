// No call without a known caller, whatever the service: a connection that did not come through the listener, or that
// is gone already, gets nothing.
import { ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';
import { refusedCall } from '../refusal.js';
import type { PeerRegistry } from './peer-registry.js';

/** Refuses each call whose connection `peers` does not know, with UNAUTHENTICATED. */
export function requirePeer(peers: PeerRegistry): ServerInterceptor {
  return (_method, call) =>
    peers.find(call.getConnectionInfo().remoteAddress) === undefined
      ? refusedCall(call, status.UNAUTHENTICATED, 'the caller is unknown')
      : new ServerInterceptingCall(call);
}
