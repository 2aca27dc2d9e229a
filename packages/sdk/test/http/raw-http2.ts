// One HTTP/2 request, frame by frame: Node's own client would not send what an attacker does (RFC 9113 §4, RFC 7541 §6).
import { connect, type MtlsClientOptions } from '@credence/sdk/tls';

type Header = readonly [name: string, value: string];

const endStreamAndHeaders = 0x5;
const headersFrame = 0x1;
const settingsFrame = 0x4;
/** The indexed `:status` fields of the static table (RFC 7541 appendix A). */
const indexed = new Map([
  [8, 200],
  [12, 400],
]);

/** The status of the answer, which must be 200 or 400. */
export async function statusOverHttp2(
  port: number,
  headers: readonly Header[],
  options: MtlsClientOptions,
): Promise<number | undefined> {
  const base = { ALPNProtocols: ['h2'] };
  const socket = await connect({ ...options, host: '127.0.0.1', port, base });
  const pseudo: readonly Header[] = [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', '/'],
    [':authority', 'b'],
  ];
  const block = Buffer.concat([...pseudo, ...headers].map(literal));
  try {
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    socket.write(Buffer.concat([frame(settingsFrame, 0, 0), frame(headersFrame, endStreamAndHeaders, 1, block)]));
    let received: Buffer = Buffer.alloc(0);
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk as Buffer]);
      const field = firstField(received);
      if (field !== undefined) return indexed.get(field & 0x7f);
    }
    return undefined;
  } finally {
    socket.destroy();
  }
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The first byte of the field section of the first HEADERS frame. */
function firstField(bytes: Buffer): number | undefined {
  for (let at = 0; at + 9 < bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    if (bytes.readUInt8(at + 3) === headersFrame) return bytes.readUInt8(at + 9);
  }
  return undefined;
}

/** Literal, without indexing, with a new name, without Huffman coding (RFC 7541 §6.2.2). */
function literal([name, value]: Header): Buffer {
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  if (bytes.length < 0x7f) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [0x7f];
  let rest = bytes.length - 0x7f;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}
