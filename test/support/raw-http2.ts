// HTTP/2 by the frame, for peers that do what no library does (RFC 9113 §4.1, §6; RFC 7541 §6.2.2).
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
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
export function callHeaders(stream: number, method: string, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': method,
    ':authority': 'test',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...metadata,
  };
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  const block = Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]);
  return frame(1, 4, stream, Buffer.concat(block));
}

/** The caller wants no more of the stream (RFC 9113 §6.4, CANCEL). */
export function reset(stream: number): Buffer {
  return frame(3, 0, stream, Buffer.of(0, 0, 0, 8));
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

/** The same over a Unix socket, whoever listens there. */
export async function connectRawUnix(path: string): Promise<Socket> {
  const socket = connectSocket(path);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.resume();
  socket.write(Buffer.concat([preface, frame(4, 0, 0)]));
  return socket;
}

/** Writes, and resolves when there is room for more, or nobody to write to. */
export async function write(socket: Socket, bytes: Buffer): Promise<void> {
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
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else
      socket.once('close', () => {
        resolve();
      });
  });
}
