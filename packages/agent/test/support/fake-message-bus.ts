// A message bus with a service manager on it, on a Unix socket in a temporary folder. It speaks D-Bus by itself, in the
// byte order that it is told and in pieces of the size that it is told.
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from './endpoint.js';

/** What a test sees of a method call. */
export interface ReceivedCall {
  readonly serial: number;
  readonly flags: number;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly destination: string;
  readonly arguments: readonly (string | number)[];
}

export interface FakeUnit {
  readonly Id: string;
  readonly FragmentPath: string;
}

type Field = readonly [code: number, type: 's' | 'o' | 'g' | 'u', value: string | number];

/** Writes values of D-Bus, in either byte order. */
class Bytes {
  readonly #bytes: number[] = [];
  readonly #little: boolean;

  constructor(little: boolean) {
    this.#little = little;
  }

  align(size: number): this {
    while (this.#bytes.length % size !== 0) this.#bytes.push(0);
    return this;
  }

  put(...bytes: readonly number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  value(type: Field[1], value: string | number): this {
    const text = Buffer.from(`${value}\0`);
    if (type === 'g') return this.put(text.length - 1, ...text);
    const number = Buffer.alloc(4);
    const word = typeof value === 'number' ? value : text.length - 1;
    if (this.#little) number.writeUInt32LE(word);
    else number.writeUInt32BE(word);
    this.align(4).put(...number);
    return typeof value === 'number' ? this : this.put(...text);
  }

  variant(type: Field[1], value: string | number): this {
    return this.value('g', type).value(type, value);
  }

  buffer(): Buffer {
    return Buffer.from(this.#bytes);
  }
}

export class FakeMessageBus implements AsyncDisposable {
  readonly socketPath: string;
  readonly calls: ReceivedCall[] = [];
  /** The lines of the authentication. */
  readonly lines: string[] = [];
  readonly units = new Map<number, FakeUnit>();
  littleEndian = true;
  /** Bytes of the largest piece that is sent. */
  pieceBytes = 2 ** 20;
  authenticates = true;
  /** Answers a call in place of the bus when it returns true. */
  misbehave: (call: ReceivedCall, socket: Socket) => boolean = () => false;
  readonly #folder: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.socketPath = join(folder, 'bus.sock');
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      this.#serve(socket).catch(() => socket.destroy());
    });
  }

  static async start(): Promise<FakeMessageBus> {
    const bus = new FakeMessageBus(await temporaryFolder());
    await once(bus.#server.listen(bus.socketPath), 'listening');
    return bus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** A message with one value, which must be of the type that the signature names, or a variant of a string. */
  message(kind: 2 | 3 | 4, fields: readonly Field[], signature = '', value: string | number = ''): Buffer {
    const body = new Bytes(this.littleEndian);
    if (signature === 'v') body.variant('s', value);
    else if (signature !== '') body.value(signature as Field[1], value);
    const header = new Bytes(this.littleEndian);
    const all: readonly Field[] = signature === '' ? fields : [...fields, [8, 'g', signature]];
    for (const [code, type, content] of all) header.align(8).put(code).variant(type, content);
    return new Bytes(this.littleEndian)
      .put(...Buffer.from(this.littleEndian ? 'l' : 'B'), kind, 1, 1)
      .value('u', body.buffer().length)
      .value('u', 77)
      .value('u', header.buffer().length)
      .put(...header.buffer())
      .align(8)
      .put(...body.buffer())
      .buffer();
  }

  send(socket: Socket, message: Buffer): void {
    for (let at = 0; at < message.length; at += this.pieceBytes)
      socket.write(message.subarray(at, at + this.pieceBytes));
  }

  reply(socket: Socket, call: ReceivedCall, signature: string, value: string | number): void {
    this.send(socket, this.message(2, [[5, 'u', call.serial]], signature, value));
  }

  refuse(socket: Socket, call: ReceivedCall, errorName: string): void {
    const fields: readonly Field[] = [
      [4, 's', errorName],
      [5, 'u', call.serial],
    ];
    this.send(socket, this.message(3, fields, 's', 'it cannot be'));
  }

  async #serve(socket: Socket): Promise<void> {
    let received = Buffer.alloc(0);
    let open = false;
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer]);
      while (!open && received.includes('\r\n')) {
        const end = received.indexOf('\r\n');
        open = this.#authenticate(socket, received.toString('latin1', 0, end));
        received = received.subarray(end + 2);
      }
      while (open && received.length >= 16) {
        const fields = received.readUInt32LE(12);
        const length = 16 + Math.ceil(fields / 8) * 8 + received.readUInt32LE(4);
        if (received.length < length) break;
        this.#answer(socket, readCall(received.subarray(0, length)));
        received = received.subarray(length);
      }
    }
  }

  #authenticate(socket: Socket, line: string): boolean {
    this.lines.push(line);
    if (line === 'BEGIN') return true;
    socket.write(this.authenticates ? `OK ${'0123'.repeat(8)}\r\n` : 'REJECTED EXTERNAL\r\n');
    return false;
  }

  #answer(socket: Socket, call: ReceivedCall): void {
    this.calls.push(call);
    if (this.misbehave(call, socket)) return;
    if (call.member === 'Hello') {
      this.reply(socket, call, 's', ':1.42');
      // As a bus does: a signal that nobody has asked for.
      this.send(socket, this.message(4, [[3, 's', 'NameAcquired']], 's', ':1.42'));
    } else if (call.member === 'GetUnitByPID') {
      const pid = Number(call.arguments[0]);
      if (this.units.has(pid)) this.reply(socket, call, 'o', `/org/freedesktop/systemd1/unit/_${pid}`);
      else this.refuse(socket, call, 'org.freedesktop.systemd1.NoUnitForPID');
    } else {
      const unit = this.units.get(Number(call.path.split('_').at(-1)));
      this.reply(socket, call, 'v', unit?.[call.arguments[1] as keyof FakeUnit] ?? '');
    }
  }
}

function readCall(bytes: Buffer): ReceivedCall {
  const fieldsEnd = 16 + bytes.readUInt32LE(12);
  const fields = new Map<number, string>();
  let at = 16;
  const text = (isSignature: boolean): string => {
    if (!isSignature) at = Math.ceil(at / 4) * 4;
    const length = isSignature ? bytes.readUInt8(at) : bytes.readUInt32LE(at);
    at += isSignature ? 1 : 4;
    at += length + 1;
    return bytes.toString('utf8', at - length - 1, at - 1);
  };
  while (at < fieldsEnd) {
    at = Math.ceil(at / 8) * 8;
    const code = bytes.readUInt8(at++);
    fields.set(code, text(text(true) === 'g'));
  }
  at = Math.ceil(fieldsEnd / 8) * 8;
  const values = (fields.get(8) ?? '').split(/(?:)/u).map((type) => {
    if (type === 's') return text(false);
    at = Math.ceil(at / 4) * 4 + 4;
    return bytes.readUInt32LE(at - 4);
  });
  if (at !== bytes.length) throw new Error('a call with something behind its arguments');
  const [path = '', service = '', member = '', destination = ''] = [1, 2, 3, 6].map((code) => fields.get(code));
  const [serial, flags] = [bytes.readUInt32LE(8), bytes.readUInt8(2)];
  return { serial, flags, path, interface: service, member, destination, arguments: values };
}
