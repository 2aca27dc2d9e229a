// PEM (RFC 7468): reads blocks of one label and refuses every other block; text around the blocks is ignored.
import { sdkError } from '../runtime/index.js';

const boundary = /^-----(BEGIN|END) ([^\r\n]*)-----[ \t]*$/;
const longestText = 16 * 1024 * 1024;

/** The labels that are read and written. */
export type PemLabel = 'CERTIFICATE' | 'PRIVATE KEY' | 'CERTIFICATE REQUEST';

/**
 * The contents of all blocks, in order; none when there is no block.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`: a block of another label, an unfinished block, or malformed base64.
 */
export function parsePem(text: string, label: PemLabel): Buffer[] {
  if (text.length > longestText) throw malformed(`PEM text is longer than ${longestText} characters`);
  const blocks: Buffer[] = [];
  let body: string[] | undefined;
  for (const line of text.split(/\r?\n/)) {
    const match = boundary.exec(line);
    if (match === null) {
      body?.push(line);
      continue;
    }
    if (match[2] !== label) throw malformed(`PEM text holds a block other than ${label}`);
    if ((match[1] === 'BEGIN') !== (body === undefined)) throw malformed(`PEM blocks of ${label} are not well paired`);
    if (body === undefined) body = [];
    else {
      blocks.push(decodeBase64(body.join('')));
      body = undefined;
    }
  }
  if (body !== undefined) throw malformed(`the last PEM block of ${label} has no end`);
  return blocks;
}

/** One block, in lines of 64 characters. */
export function toPem(der: Uint8Array, label: PemLabel): string {
  const lines =
    Buffer.from(der.buffer, der.byteOffset, der.byteLength)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function decodeBase64(text: string): Buffer {
  const digits = text.replace(/[ \t]/g, '');
  const bytes = Buffer.from(digits, 'base64');
  // Buffer skips what is not base64: only what encodes back is the text that was given.
  if (bytes.length === 0 || bytes.toString('base64') !== digits) throw malformed('a PEM block is not base64');
  return bytes;
}

function malformed(message: string): Error {
  return sdkError('ERR_SPIFFE_ENCODING', message);
}
