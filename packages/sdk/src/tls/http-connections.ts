// How a server's HTTP connection takes leave: what it is serving is finished, nothing else is taken.
import { ServerResponse } from 'node:http';
import type { Http2Session } from 'node:http2';
import type { Server, TLSSocket } from 'node:tls';
import type { Finish } from './connections.js';

const session = Symbol('HTTP/2 session');

interface Marked {
  [session]?: Http2Session;
}

/** Lets `finishHttp` know the HTTP/2 sessions of a server. */
export function trackSessions(server: Server): void {
  // The proxy that is a session's socket passes properties on.
  server.on('session', (opened: Http2Session) => ((opened.socket as Marked)[session] = opened));
}

/** A session says GOAWAY and finishes its streams; HTTP/1.1 finishes the response that is on its way. */
export const finishHttp: Finish = (socket: TLSSocket & Marked) => {
  const http2 = socket[session];
  if (http2 !== undefined) {
    http2.close();
    return true;
  }
  // The response that has the socket; Node has no public name for it.
  const response: unknown = Reflect.get(socket, '_httpMessage');
  if (!(response instanceof ServerResponse)) return false;
  if (!response.headersSent) response.setHeader('Connection', 'close');
  response.once('close', () => {
    socket.destroySoon();
  });
  return true;
};
