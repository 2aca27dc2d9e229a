// What a command prints for programs: one line of JSON that is the same for the same answer.

import type { Flags } from './flags.js';
import { printable } from './printable.js';

export type OutputFormat = 'pretty' | 'json';

/** The flag of every command that prints an answer. */
export const outputFlags = {
  output: {
    kind: 'choice',
    choices: { pretty: 'pretty', prettyprint: 'pretty', json: 'json' },
    default: 'pretty',
    help: 'form of the output',
  },
} as const satisfies Flags;

/**
 * A message of the wire as JSON: keys sorted, names as in the proto files, int64 as strings, bytes in base64, fields
 * without a value included, null ones left out.
 */
export function encodeJson(message: unknown): string {
  // Within JSON only strings hold such characters, and there the escapes are JSON's own (RFC 8259 §7).
  return printable(JSON.stringify(canonical(message)));
}

function canonical(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as Readonly<Record<string, unknown>>)
    .filter(([key, field]) => field !== null && field !== undefined && !isPresenceMark(key, value))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, canonical(field)]));
}

// proto-loader marks a present optional field `x` by `_x: "x"`.
function isPresenceMark(key: string, message: object): boolean {
  return key.startsWith('_') && (message as Readonly<Record<string, unknown>>)[key] === key.slice(1);
}
