// What connections cost, counted where HTTP/2 tells of it. Interceptors would not do: gRPC tells them nothing of calls
// that it refuses itself, of the pieces in which a request comes, and of frames without a call.
import type { Http2Server, Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { workOfCall } from './limits.js';
import type { PeerRegistry } from './peer-registry.js';
import type { Turns } from './turns.js';

// What Node tells of each frame: PING, SETTINGS, PRIORITY and GOAWAY. Others it answers without JavaScript.
const framesWithoutCall = ['ping', 'remoteSettings', 'priority', 'goaway'];

/**
 * Has all that comes over the connections of a server counted; to be called when its connection injector is made.
 *
 * @throws TypeError when this version of grpc-js keeps its HTTP/2 server elsewhere.
 */
export function meterWork(server: Server, peers: PeerRegistry, turns: Turns): void {
  for (const http2 of http2ServersOf(server)) {
    http2.on('session', (session: Http2Session) => {
      const peer = peers.find(session.socket.remoteAddress);
      if (peer === undefined) return;
      const count = (): void => {
        turns.count(peer, 1);
      };
      for (const frame of framesWithoutCall) session.on(frame, count);
      turns.count(peer, workOfCall);
      session.on('stream', (stream: ServerHttp2Stream) => {
        turns.count(peer, workOfCall);
        // To listen is to read on: not what gRPC has refused.
        if (stream.listenerCount('data') > 0) stream.on('data', count);
      });
    });
  }
}

function http2ServersOf(server: Server): Iterable<Http2Server> {
  const { http2Servers } = server as unknown as { readonly http2Servers?: unknown };
  if (!(http2Servers instanceof Map) || http2Servers.size === 0) throw new TypeError('grpc-js shows no HTTP/2 server');
  return http2Servers.keys() as Iterable<Http2Server>;
}
