// Strict JSON (RFC 8259), where JSON.parse is too forgiving for documents that decide about trust: a member may occur once
// only (RFC 7515 §4, RFC 7519 §4: two parsers must not read two documents), nesting is bounded, bytes must be UTF-8, and
// integers can be kept exact.
import { sdkError } from '../runtime/index.js';

/** An object as it was parsed; every member is its own, `__proto__` too. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface JsonOptions {
  /** Bytes, or characters of a string. */
  readonly maxLength: number;
  /**
   * Integers of up to 32 digits that a number cannot hold exactly become a bigint. Default: they are rounded, as
   * JSON.parse does.
   */
  readonly exactIntegers?: boolean;
}

const deepest = 32;
// To make a bigint of millions of digits takes seconds.
const mostExactDigits = 32;
const number = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const space = /[ \t\n\r]*/y;
const literals: readonly (readonly [text: string, value: unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/**
 * The value of a JSON text.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`; the message carries nothing of the text but the name of a repeated member.
 */
export function parseJson(text: string | Uint8Array, options: JsonOptions): unknown {
  if (text.length > options.maxLength) throw malformed(`is longer than ${options.maxLength} bytes`);
  const reader = new JsonReader(typeof text === 'string' ? text : decodeUtf8(text), options.exactIntegers === true);
  return reader.document();
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class JsonReader {
  readonly #text: string;
  readonly #exactIntegers: boolean;
  #at = 0;

  constructor(text: string, exactIntegers: boolean) {
    this.#text = text;
    this.#exactIntegers = exactIntegers;
  }

  document(): unknown {
    const value = this.#value(0);
    if (this.#at < this.#text.length) throw malformed('goes on after its end');
    return value;
  }

  // With the white space on both sides.
  #value(depth: number): unknown {
    if (depth > deepest) throw malformed(`is nested deeper than ${deepest} levels`);
    this.#match(space);
    const value = this.#bareValue(depth);
    this.#match(space);
    return value;
  }

  #bareValue(depth: number): unknown {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth);
      case '[':
        return this.#array(depth);
      case '"':
        return this.#string();
      default:
        return this.#number() ?? this.#literal();
    }
  }

  #object(depth: number): JsonObject {
    const names = new Set<string>();
    const members: [string, unknown][] = [];
    this.#list('}', () => {
      this.#match(space);
      const name = this.#string();
      if (names.has(name)) throw malformed(`has the member ${JSON.stringify(name.slice(0, 100))} twice`);
      names.add(name);
      this.#match(space);
      this.#expect(':');
      members.push([name, this.#value(depth + 1)]);
    });
    // Object.fromEntries defines members: "__proto__" becomes one like any other.
    return Object.fromEntries(members);
  }

  #array(depth: number): unknown[] {
    const elements: unknown[] = [];
    this.#list(']', () => elements.push(this.#value(depth + 1)));
    return elements;
  }

  #list(end: string, element: () => void): void {
    this.#at++;
    this.#match(space);
    if (this.#skip(end)) return;
    do element();
    while (this.#skip(','));
    this.#expect(end);
  }

  #string(): string {
    const start = this.#at;
    this.#expect('"');
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    }
    this.#expect('"');
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      throw this.#unexpected();
    }
  }

  #number(): number | bigint | undefined {
    number.lastIndex = this.#at;
    const found = number.exec(this.#text);
    if (found === null) return undefined;
    this.#at = number.lastIndex;
    const value = Number(found[0]);
    const isInteger = found[1] === undefined && found[2] === undefined;
    const needsBigInt = isInteger && !Number.isSafeInteger(value) && found[0].length <= mostExactDigits;
    return this.#exactIntegers && needsBigInt ? BigInt(found[0]) : value;
  }

  #literal(): unknown {
    const found = literals.find(([text]) => this.#text.startsWith(text, this.#at));
    if (found === undefined) throw this.#unexpected();
    this.#at += found[0].length;
    return found[1];
  }

  #match(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    pattern.exec(this.#text);
    this.#at = pattern.lastIndex;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#skip(character)) throw this.#unexpected();
  }

  #unexpected(): Error {
    return malformed(`breaks the grammar of JSON at character ${this.#at}`);
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    // A byte order mark stays, and is then refused like any other character outside of a value (RFC 8259 §8.1).
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw malformed('is not UTF-8');
  }
}

function malformed(problem: string): Error {
  return sdkError('ERR_SPIFFE_ENCODING', `JSON text ${problem}`);
}
