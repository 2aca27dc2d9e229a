// The values of D-Bus messages, as much of them as headers and our calls have (D-Bus Specification, "Marshaling"): each
// is aligned to its size, counted from the start of the message or of anything that is aligned to eight bytes.
import { agentError } from '../../../domain/errors.js';

/** A string (types `s`, `o`, `g`) or an unsigned 32-bit integer (`u`). */
export type Value = string | number;

/** Writes in little-endian order. */
export class ValueWriter {
  readonly #parts: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  bytes(bytes: Uint8Array | readonly number[]): void {
    this.#parts.push(Buffer.from(bytes));
    this.#length += bytes.length;
  }

  align(size: number): void {
    this.bytes(Buffer.alloc(-this.#length & (size - 1)));
  }

  uint32(value: number): void {
    this.align(4);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    this.bytes(bytes);
  }

  string(value: string): void {
    const bytes = Buffer.from(value);
    this.uint32(bytes.length);
    this.bytes(bytes);
    this.bytes([0]);
  }

  signature(value: string): void {
    this.bytes([value.length]);
    this.bytes(Buffer.from(`${value}\0`));
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** Reads strictly. All methods throw ERR_ATTESTATION for what breaks the form. */
export class ValueReader {
  readonly #bytes: Buffer;
  readonly #little: boolean;
  #at = 0;

  constructor(bytes: Buffer, little: boolean) {
    this.#bytes = bytes;
    this.#little = little;
  }

  get ended(): boolean {
    return this.#at === this.#bytes.length;
  }

  align(size: number): void {
    const padding = this.#take(-this.#at & (size - 1));
    if (padding.some((byte) => byte !== 0)) throw malformed('is padded by something else than zeros');
  }

  byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  uint32(): number {
    this.align(4);
    const bytes = this.#take(4);
    return this.#little ? bytes.readUInt32LE() : bytes.readUInt32BE();
  }

  string(): string {
    return this.#text(this.uint32());
  }

  signature(): string {
    return this.#text(this.byte());
  }

  /** A value that names its own type. */
  variant(): Value {
    const type = this.signature();
    switch (type) {
      case 's':
      case 'o':
        return this.string();
      case 'g':
        return this.signature();
      case 'u':
        return this.uint32();
      default:
        throw malformed(`has a value of the unexpected type ${JSON.stringify(type)}`);
    }
  }

  #text(length: number): string {
    const text = this.#take(length).toString();
    if (this.byte() !== 0 || text.includes('\0')) throw malformed('has a text with a zero at the wrong place');
    return text;
  }

  #take(count: number): Buffer {
    const bytes = this.#bytes.subarray(this.#at, this.#at + count);
    if (bytes.length < count) throw malformed('ends too early');
    this.#at += count;
    return bytes;
  }
}

export function malformed(problem: string): Error {
  return agentError('ERR_ATTESTATION', `a D-Bus message ${problem}`);
}
