// Who made a request, as a middleware proved it.
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import type { SpiffeId } from '../spiffeid/index.js';
import type { JwtSvid, VerifiedPeer } from '../svid/index.js';

/** A request as Node's servers hand it out. */
export type IncomingRequest = IncomingMessage | Http2ServerRequest;

/** The caller of a request: by `requireSpiffeId` the peer of the connection, by `requireJwtSvid` the holder of a token. */
export type Caller =
  | { readonly kind: 'x509'; readonly id: SpiffeId; readonly peer: VerifiedPeer }
  | { readonly kind: 'jwt'; readonly id: SpiffeId; readonly svid: JwtSvid };

declare module 'http' {
  interface IncomingMessage {
    /** Set by the last middleware of `@credence/sdk/http` that let the request pass. */
    spiffe?: Caller;
  }
}

declare module 'http2' {
  interface Http2ServerRequest {
    /** Set by the last middleware of `@credence/sdk/http` that let the request pass. */
    spiffe?: Caller;
  }
}
