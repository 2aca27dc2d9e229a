// Writes DER (X.690 §10) backwards into one buffer, so that the length of a value is known when its tag is written.
// Nothing is allocated per field: a leaf certificate is one buffer.
import { Tag } from './tag.js';

/**
 * A DER encoder that is filled from the last byte to the first: write the last field first, then the fields before it,
 * then `header` for the structure around them.
 */
export class DerWriter {
  #buffer: Buffer;
  #start: number;

  /** `capacity` is a guess, in bytes; the buffer grows when it is too small. */
  constructor(capacity = 1024) {
    this.#buffer = Buffer.allocUnsafe(capacity);
    this.#start = capacity;
  }

  /** Bytes written so far. Note it before the last field of a structure and hand it to `header`. */
  get length(): number {
    return this.#buffer.length - this.#start;
  }

  /** What was written, without copying; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.#buffer.subarray(this.#start);
  }

  /** Puts tag and length in front of everything written since `mark`. */
  header(tag: number, mark: number): void {
    const length = this.length - mark;
    this.#reserve(6);
    this.#putLength(length);
    this.#buffer[--this.#start] = tag;
  }

  /** Bytes as they are: a value that is DER already. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#start -= bytes.length;
    this.#buffer.set(bytes, this.#start);
  }

  /** A primitive value of any tag. */
  primitive(tag: number, content: Uint8Array): void {
    const mark = this.length;
    this.raw(content);
    this.header(tag, mark);
  }

  /** A text of ASCII characters under `tag`; the caller has checked the characters. */
  ascii(tag: number, text: string): void {
    const mark = this.length;
    this.#reserve(text.length);
    this.#start -= text.length;
    this.#buffer.write(text, this.#start, 'latin1');
    this.header(tag, mark);
  }

  boolean(value: boolean): void {
    const mark = this.length;
    this.#byte(value ? 0xff : 0); // X.690 §11.1
    this.header(Tag.boolean, mark);
  }

  /** A non-negative INTEGER from its big-endian magnitude. */
  unsignedInteger(magnitude: Uint8Array): void {
    const mark = this.length;
    let first = 0;
    while (first < magnitude.length - 1 && magnitude[first] === 0) first++;
    this.raw(first === 0 ? magnitude : magnitude.subarray(first));
    if ((magnitude[first] ?? 0x80) >= 0x80) this.#byte(0);
    this.header(Tag.integer, mark);
  }

  /** A BIT STRING of whole octets, or with the last `unusedBits` bits unused. */
  bitString(bits: Uint8Array, unusedBits = 0): void {
    const mark = this.length;
    this.raw(bits);
    this.#byte(unusedBits);
    this.header(Tag.bitString, mark);
  }

  /** UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 §4.1.2.5); fractions of a second are cut. */
  time(instant: Date): void {
    const year = instant.getUTCFullYear();
    if (!(year >= 0 && year <= 9999)) throw new TypeError('a certificate time must lie between the years 0 and 9999');
    const digits = `${instant.toISOString().slice(0, 19).replace(/\D/g, '')}Z`;
    if (year >= 1950 && year < 2050) this.ascii(Tag.utcTime, digits.slice(2));
    else this.ascii(Tag.generalizedTime, digits);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[--this.#start] = value;
  }

  #putLength(length: number): void {
    if (length < 0x80) {
      this.#buffer[--this.#start] = length;
      return;
    }
    let octets = 0;
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256), octets++) this.#buffer[--this.#start] = rest % 256;
    this.#buffer[--this.#start] = 0x80 | octets;
  }

  #reserve(bytes: number): void {
    if (this.#start >= bytes) return;
    const grown = Buffer.allocUnsafe(2 * (this.#buffer.length + bytes));
    const start = grown.length - this.length;
    this.#buffer.copy(grown, start, this.#start);
    this.#buffer = grown;
    this.#start = start;
  }
}
