// The verified peer of a connection, kept on the socket itself: a property survives the proxies that HTTP/2 puts around
// its sockets, where a WeakMap would not find it.
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { VerifiedPeer } from '../svid/index.js';

const peer = Symbol('verified SPIFFE peer');

interface Marked {
  [peer]?: VerifiedPeer | undefined;
}

/** What `peerOf` can look at. */
export type Connected = Socket | IncomingMessage | Http2ServerRequest | Http2Session;

/**
 * The peer that was verified and authorized when the connection was made; undefined when the connection is not ours,
 * and for a client without a certificate where `clientAuthentication` is `optional`.
 */
export function peerOf(connected: Connected): VerifiedPeer | undefined {
  const socket = 'socket' in connected ? connected.socket : connected;
  return (socket as Marked | undefined)?.[peer];
}

/** Records the peer of a socket, once. */
export function setPeer(socket: Socket, verified: VerifiedPeer): void {
  Object.defineProperty(socket, peer, { value: verified });
}
