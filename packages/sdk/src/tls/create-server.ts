// Servers that are safe from their first connection on, each in any of the three modes.
import type { RequestListener } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createNodeHttpsServer, type Server as HttpsServer } from 'node:https';
import { createServer as createNodeServer, type Server, type TLSSocket } from 'node:tls';
import { attachServer } from './attach-server.js';
import type { ServerOptions } from './options.js';
import { serverOptions } from './server-options.js';

/**
 * A TLS server. `onSocket` is called for verified and authorized peers only (see `clientAuthentication`); `peerOf(socket)`
 * tells who it is.
 *
 * @throws TypeError for a `base` that decides over identity; what the sources throw.
 */
export function createServer(options: ServerOptions, onSocket?: (socket: TLSSocket) => void): Server {
  const server = attachServer(createNodeServer(serverOptions(options)), options);
  if (onSocket !== undefined) {
    server.on('secureConnection', (socket) => {
      if (!socket.destroyed) onSocket(socket);
    });
  }
  return server;
}

/** An HTTPS server; `peerOf(request)` tells who calls. Throws as `createServer`. */
export function createHttpsServer(options: ServerOptions, listener?: RequestListener): HttpsServer {
  return attachServer(createNodeHttpsServer(serverOptions(options), listener), options);
}

/**
 * An HTTP/2 server, which speaks HTTP/1.1 too with `base: { allowHTTP1: true }`; `peerOf` takes a request or a session.
 * Throws as `createServer`.
 */
export function createHttp2Server(
  options: ServerOptions,
  listener?: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Http2SecureServer {
  return attachServer(createSecureServer(serverOptions(options), listener), options);
}
