// HTTP/2 by the frame, for peers that do what no library does (RFC 9113 §4.1, §6; RFC 7541 §6.2.2).
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Opens a gRPC call on the stream. */
export function callHeaders(stream: number, method: string): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': method,
    ':authority': 'test',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  const block = Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]);
  return frame(1, 4, stream, Buffer.concat(block));
}

export function data(stream: number, payload: Uint8Array): Buffer {
  return frame(0, 0, stream, payload);
}

/** The first bytes of a gRPC message of so many bytes. */
export function messageHead(length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return head;
}

/** A connection without a certificate that has said hello. What it receives is discarded. */
export async function connectRaw(port: number): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(Buffer.concat([preface, frame(4, 0, 0)]));
  return socket;
}

/** Writes, and resolves when there is room for more, or nobody to write to. */
export async function write(socket: TLSSocket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.once('drain', go).once('close', go);
  });
}

/** Resolves when the connection has closed, in whatever way. */
export function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else
      socket.once('close', () => {
        resolve();
      });
  });
}
