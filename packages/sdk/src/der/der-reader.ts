// Reads DER (X.690 §10) strictly: definite, minimal lengths, no trailing bytes, nothing beyond the bounds, values in
// their one canonical form. What BER allows besides is refused.
import { sdkError, type SpiffeError } from '../runtime/index.js';
import { decodeOid } from './oid.js';
import { Tag } from './tag.js';

// The deepest structure that is read, a general name in a certificate, is 9 levels deep.
const deepest = 16;

/** One tag-length-value. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** Tag, length and content. */
  readonly raw: Buffer;
}

/**
 * A cursor over the values of one DER structure. Every method takes the name of the field, for the message of the error.
 * All throw SpiffeError `ERR_SPIFFE_ENCODING`.
 */
export class DerReader {
  readonly #bytes: Buffer;
  readonly #depth: number;
  #position = 0;

  private constructor(bytes: Buffer, depth: number) {
    this.#bytes = bytes;
    this.#depth = depth;
  }

  /** Over bytes that hold values one after the other; `end` says that there is none left. Nothing is copied. */
  static over(bytes: Uint8Array): DerReader {
    return new DerReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  }

  /** Whether all values have been read. */
  get isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  /** Whether the next value has this tag. */
  isNext(tag: number): boolean {
    return this.#bytes[this.#position] === tag;
  }

  /** Refuses bytes that are left over. */
  end(field: string): void {
    if (!this.isAtEnd) throw malformed(field, 'has trailing bytes');
  }

  /** The next value, whatever its tag. */
  element(field: string): DerElement {
    const start = this.#position;
    const tag = this.#octet(field);
    if ((tag & 0x1f) === 0x1f) throw malformed(field, 'has a tag of several octets');
    const length = this.#length(field);
    const contentStart = this.#position;
    if (length > this.#bytes.length - contentStart) throw malformed(field, 'is longer than the bytes that hold it');
    this.#position = contentStart + length;
    return {
      tag,
      content: this.#bytes.subarray(contentStart, this.#position),
      raw: this.#bytes.subarray(start, this.#position),
    };
  }

  /** The next value, which must have this tag. */
  expect(tag: number, field: string): DerElement {
    if (this.isAtEnd) throw malformed(field, 'is missing');
    if (!this.isNext(tag)) throw malformed(field, `has tag ${hex(this.#bytes[this.#position])}, expected ${hex(tag)}`);
    return this.element(field);
  }

  /** A cursor over the content of the next value. */
  enter(tag: number, field: string): DerReader {
    return this.within(this.expect(tag, field).content, field);
  }

  /** A cursor over bytes found in this structure, one level deeper. */
  within(content: Buffer, field: string): DerReader {
    if (this.#depth >= deepest) throw malformed(field, 'is nested too deep');
    return new DerReader(content, this.#depth + 1);
  }

  /** A BOOLEAN: 0xFF or 0x00 (X.690 §11.1). FALSE in place of an absent default is tolerated, as everyone does. */
  boolean(field: string): boolean {
    const { content } = this.expect(Tag.boolean, field);
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
      throw malformed(field, 'is not a DER boolean');
    return content[0] === 0xff;
  }

  /** The content of an INTEGER: two's complement, minimal (X.690 §8.3.2). */
  integer(field: string): Buffer {
    const { content } = this.expect(Tag.integer, field);
    const [first, second = 0] = content;
    if (first === undefined) throw malformed(field, 'is an empty integer');
    const padded = (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80);
    if (content.length > 1 && padded) throw malformed(field, 'is an integer that is not minimal');
    return content;
  }

  /** An INTEGER from 0 to 2^31 - 1. */
  smallInteger(field: string): number {
    const content = this.integer(field);
    const value = content.length > 4 ? -1 : content.readIntBE(0, content.length);
    if (value < 0) throw malformed(field, 'is not an integer from 0 to 2147483647');
    return value;
  }

  objectIdentifier(field: string): string {
    return decodeOid(this.expect(Tag.objectIdentifier, field).content, field);
  }

  /** A BIT STRING of whole octets, as keys and signatures are. */
  octetAlignedBits(field: string): Buffer {
    const { content } = this.expect(Tag.bitString, field);
    if (content[0] !== 0) throw malformed(field, 'is not a bit string of whole octets');
    return content.subarray(1);
  }

  #octet(field: string): number {
    const octet = this.#bytes[this.#position];
    if (octet === undefined) throw malformed(field, 'is cut off');
    this.#position++;
    return octet;
  }

  #length(field: string): number {
    const first = this.#octet(field);
    if (first < 0x80) return first;
    if (first === 0x80) throw malformed(field, 'has an indefinite length'); // X.690 §10.1
    const octets = first & 0x7f;
    if (octets > 4) throw malformed(field, 'has a length of more than 4 octets');
    let length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + this.#octet(field);
    if (length < 0x80 || length < 256 ** (octets - 1)) throw malformed(field, 'has a length that is not minimal');
    return length;
  }
}

function hex(tag: number | undefined): string {
  return `0x${(tag ?? 0).toString(16).padStart(2, '0')}`;
}

function malformed(field: string, problem: string): SpiffeError {
  return sdkError('ERR_SPIFFE_ENCODING', `${field} ${problem} (DER, X.690)`);
}
