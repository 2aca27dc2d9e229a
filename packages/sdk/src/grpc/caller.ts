// Who makes a call, as handlers and interceptors see it: part of the call's auth context, settled before the handler runs.
import { ServerInterceptingCall, type Responder, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { JwtSvid, VerifiedPeer } from '../svid/index.js';

export type AuthContext = ReturnType<ServerInterceptingCallInterface['getAuthContext']>;

/** A call of grpc-js, of any kind, in a handler or in an interceptor. */
export interface GrpcCall {
  getAuthContext(): AuthContext;
}

const peer = Symbol('verified SPIFFE peer');
const jwtSvid = Symbol('verified JWT-SVID');

interface Identified extends AuthContext {
  readonly [peer]?: VerifiedPeer | undefined;
  readonly [jwtSvid]?: JwtSvid | undefined;
}

/**
 * The client whose X.509-SVID was verified and authorized; undefined when the server asks for none, or is not one of
 * `serveGrpc` or of our server credentials.
 */
export function peerOfCall(call: GrpcCall): VerifiedPeer | undefined {
  return (call.getAuthContext() as Identified)[peer];
}

/** The JWT-SVID that `requireJwtSvid` has verified. */
export function jwtSvidOfCall(call: GrpcCall): JwtSvid | undefined {
  return (call.getAuthContext() as Identified)[jwtSvid];
}

/** An auth context that names the peer. */
export function withPeer(context: AuthContext, verified: VerifiedPeer | undefined): AuthContext {
  const identified: Identified = { ...context, [peer]: verified };
  return identified;
}

/** An auth context that holds the JWT-SVID too. */
export function withJwtSvid(context: AuthContext, verified: JwtSvid): AuthContext {
  const identified: Identified = { ...context, [jwtSvid]: verified };
  return identified;
}

/** A call whose caller is known better than the connection below tells. */
export class IdentifiedCall extends ServerInterceptingCall {
  readonly #context: () => AuthContext;

  constructor(call: ServerInterceptingCallInterface, context: () => AuthContext, responder?: Responder) {
    super(call, responder);
    this.#context = context;
  }

  override getAuthContext(): AuthContext {
    return this.#context();
  }
}
