// The server interceptor in front of every other one: no call gets past it whose caller is not known and allowed.
import { ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor } from '@grpc/grpc-js';
import { isSpiffeError, type Logger, type SpiffeError } from '../runtime/index.js';
import type { VerifiedPeer } from '../svid/index.js';
import { checkAuthorized, type Authorizer } from '../tls/authorizer.js';
import { IdentifiedCall, withPeer, type AuthContext } from './caller.js';
import { logRefusal, refusalOf, refusedCall } from './refusal.js';

export interface GateOptions {
  readonly authorize: Authorizer;
  readonly logger: Logger;
  /** Told why a call is refused. */
  readonly onRefusal?: ((error: SpiffeError) => void) | undefined;
  /**
   * The verified peer of a call; undefined for one that need not have any.
   *
   * @throws SpiffeError `ERR_SPIFFE_VERIFY`
   */
  readonly peerOf: (call: ServerInterceptingCallInterface) => VerifiedPeer | undefined;
}

/** Asks for the peer and the authorizer at the start of each call. */
export function createGate({ authorize, logger, onRefusal, peerOf }: GateOptions): ServerInterceptor {
  const contexts = new WeakMap<VerifiedPeer, AuthContext>();
  const contextOf = (call: ServerInterceptingCallInterface, peer: VerifiedPeer): AuthContext => {
    // Once a peer: what is below asks OpenSSL for the certificate each time.
    const context = contexts.get(peer) ?? withPeer(call.getAuthContext(), peer);
    contexts.set(peer, context);
    return context;
  };
  return ({ path }, call) => {
    try {
      const peer = peerOf(call);
      if (peer === undefined) return new ServerInterceptingCall(call);
      checkAuthorized(authorize, peer);
      return new IdentifiedCall(call, () => contextOf(call, peer));
    } catch (error) {
      logRefusal(logger, path, error, () => {
        if (isSpiffeError(error)) onRefusal?.(error);
      });
      return refusedCall(call, refusalOf(error, path));
    }
  };
}
