// gRPC calls by hand over HTTP/2, for what no gRPC client would send.
import { connect as connectHttp2, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';

export interface RawAnswer {
  readonly httpStatus: number | undefined;
  readonly grpcStatus: number | undefined;
  readonly message: string | undefined;
  readonly bytes: number;
}

export function connectRaw(socketPath: string): ClientHttp2Session {
  const session = connectHttp2('http://localhost', { createConnection: () => connectSocket(socketPath) });
  session.on('error', () => undefined);
  return session;
}

/** Calls with an empty message and reads to the end. */
export function rawCall(session: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    let head: Readonly<Record<string, unknown>> = {};
    let bytes = 0;
    stream.on('response', (received) => (head = received));
    stream.on('trailers', (received: object) => (head = { ...head, ...received }));
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.on('error', reject);
    stream.on('close', () => {
      const status = head['grpc-status'];
      const message = head['grpc-message'] as string | undefined;
      resolve({
        httpStatus: head[':status'] as number | undefined,
        grpcStatus: status === undefined ? undefined : Number(status),
        message: message === undefined ? undefined : decodeURIComponent(message),
        bytes,
      });
    });
    if (!stream.writableEnded) stream.end(Buffer.alloc(5));
  });
}
