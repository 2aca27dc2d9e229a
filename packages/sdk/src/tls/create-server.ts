// Servers that are safe from their first connection on.
import type { RequestListener } from 'node:http';
import { createServer as createNodeHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer as createNodeServer, type Server, type TLSSocket } from 'node:tls';
import { attachServer } from './attach-server.js';
import type { MtlsServerOptions } from './options.js';
import { mtlsServerOptions } from './server-options.js';

/**
 * A TLS server. `onSocket` is called for verified and authorized peers only (see `clientAuthentication`); `peerOf(socket)`
 * tells who it is.
 *
 * @throws TypeError for a `base` that decides over identity; what the sources throw.
 */
export function createServer(options: MtlsServerOptions, onSocket?: (socket: TLSSocket) => void): Server {
  const server = attachServer(createNodeServer(mtlsServerOptions(options)), options);
  if (onSocket !== undefined) {
    server.on('secureConnection', (socket) => {
      if (!socket.destroyed) onSocket(socket);
    });
  }
  return server;
}

/** An HTTPS server; `peerOf(request)` tells who calls. Throws as `createServer`. */
export function createHttpsServer(options: MtlsServerOptions, listener?: RequestListener): HttpsServer {
  return attachServer(createNodeHttpsServer(mtlsServerOptions(options), listener), options);
}
