// gRPC over a TLS server of our own: every connection is verified before grpc-js sees it, none is resumed, and each takes
// its leave before an SVID expires that it was made with.
import type { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import type { Server } from '@grpc/grpc-js';
import { systemClock } from '../runtime/index.js';
import { createServer } from '../tls/create-server.js';
import type { ServerOptions } from '../tls/options.js';
import { admitting } from './admitting.js';
import { GrpcConnections } from './grpc-connections.js';

/** What a listener of gRPC takes beside the options of its mode. */
export interface ServeGrpcSettings {
  /** How long calls may take to finish once the listener is disposed of, in milliseconds. Default 10,000. */
  readonly shutdownGraceMs?: number | undefined;
}

/**
 * A TLS server, not yet listening, that hands its connections to `server`. Who does not verify gets no connection; who
 * verifies and is not authorized gets PERMISSION_DENIED for every call. `peerOfCall(call)` tells who calls.
 *
 * Before an SVID expires that a connection was made with, ours or the client's, the client is told to make a new
 * connection (GOAWAY, RFC 9113 §6.8) while its calls go on. What is left of a connection ends `graceMs` after the SVID of
 * the client has expired, or at once when the client would no longer verify: calls fail with UNAVAILABLE.
 *
 * Disposing of it ends listening, lets calls finish, and cuts what is left after `shutdownGraceMs`. It does not shut
 * `server` down.
 *
 * @throws TypeError for a `base` that decides over identity; what the sources throw.
 */
export function serveGrpc(server: Server, options: ServerOptions & ServeGrpcSettings): TlsServer {
  const { shutdownGraceMs = 10_000, clock = systemClock, ...mode } = options;
  const connections = new GrpcConnections(server, { ...mode, clock });
  const listener = createServer(
    {
      ...mode,
      ...('authorize' in mode ? { authorize: admitting(mode.authorize) } : {}),
      clock,
      // The client is told to leave; it has the grace for its calls.
      onClosing: (socket) => {
        connections.leave(socket);
        mode.onClosing?.(socket);
      },
      base: { handshakeTimeout: 20_000, ...mode.base, ALPNProtocols: ['h2'] },
    },
    (socket) => {
      connections.take(socket);
    },
  );
  listener.on('connection', (raw: Socket) => {
    connections.open(raw);
  });
  const dispose = (): Promise<void> => connections.shutDown(listener, shutdownGraceMs);
  return Object.defineProperty(listener, Symbol.asyncDispose, { value: dispose });
}
