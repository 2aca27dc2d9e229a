// Unary gRPC calls by plain HTTP/2 on a Unix socket: a gRPC client needs more of the processor for a call than what is to
// be measured.
import {
  constants,
  connect as connectHttp2,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect } from 'node:net';

/** One connection. */
export class PlainCaller implements Disposable {
  readonly #session: ClientHttp2Session;

  constructor(socketPath: string) {
    this.#session = connectHttp2('http://localhost', { createConnection: () => connect(socketPath) });
    this.#session.on('error', () => undefined); // told to the streams
  }

  /** Resolves with the end of the answer. @throws Error when its status is not OK. */
  call(path: string, message: Buffer): Promise<void> {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    const stream = this.#session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: path,
      'content-type': 'application/grpc',
      te: 'trailers',
      'workload.spiffe.io': 'true',
    });
    stream.end(Buffer.concat([head, message]));
    return ended(stream);
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

function ended(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve, reject) => {
    const check = ({ 'grpc-status': status, 'grpc-message': message }: IncomingHttpHeaders): void => {
      if (status === undefined) return;
      if (status === '0') resolve();
      else reject(new Error(`status ${status.toString()}: ${message?.toString() ?? ''}`));
    };
    stream.on('response', check).on('trailers', check).on('error', reject).resume();
    stream.once('close', () => {
      reject(new Error('the call ended without a status'));
    });
  });
}
