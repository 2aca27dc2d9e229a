// Hands sockets to gRPC, and counts what they cost where HTTP/2 tells of it. Interceptors would not do: gRPC tells them
// nothing of calls that it refuses itself, of the pieces in which a request comes, and of frames without a call.
import type { Http2Server, Http2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { ServerCredentials, type Server } from '@grpc/grpc-js';
import { workOfCall, type Party, type Turns } from './turns.js';

// What Node tells of each frame: PING, SETTINGS, PRIORITY and GOAWAY. Others it answers without JavaScript.
const framesWithoutCall = ['ping', 'remoteSettings', 'priority', 'goaway'];

/** gRPC on sockets that its owner has accepted, and whose callers are read by turns. */
export class ConnectionInjector {
  readonly #grpc: ReturnType<Server['createConnectionInjector']>;
  readonly #http2: Http2Server;
  readonly #turns: Turns;

  /** @throws TypeError when this version of grpc-js keeps its HTTP/2 server elsewhere. */
  constructor(server: Server, turns: Turns) {
    this.#grpc = server.createConnectionInjector(ServerCredentials.createInsecure());
    this.#http2 = http2ServerOf(server);
    this.#turns = turns;
  }

  /** Takes the socket over, to be called when it is accepted. */
  inject(socket: Socket, ...parties: readonly Party[]): void {
    const count = this.#turns.join(socket, ...parties);
    const meter = (session: Http2Session): void => {
      meterWork(session, count);
    };
    // The session begins within the call.
    this.#http2.once('session', meter);
    this.#grpc.injectConnection(socket);
    this.#http2.off('session', meter);
  }
}

function meterWork(session: Http2Session, count: (work: number) => void): void {
  count(workOfCall);
  const countFrame = (): void => {
    count(1);
  };
  for (const frame of framesWithoutCall) session.on(frame, countFrame);
  session.on('stream', (stream: ServerHttp2Stream) => {
    count(workOfCall);
    // To listen is to read on: not what gRPC has refused.
    if (stream.listenerCount('data') > 0) stream.on('data', countFrame);
  });
}

function http2ServerOf(server: Server): Http2Server {
  const { http2Servers } = server as unknown as { readonly http2Servers?: unknown };
  const newest: unknown = http2Servers instanceof Map ? [...http2Servers.keys()].at(-1) : undefined;
  if (newest === undefined) throw new TypeError('grpc-js does not show its HTTP/2 server');
  return newest as Http2Server;
}
