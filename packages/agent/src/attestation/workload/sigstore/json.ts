// JSON that anybody may have made: of a few bytes for each value, some megabytes would take seconds and half a gigabyte.
import { problem } from './problem.js';

// Several times what a list of all that is in a large image has.
const mostValues = 250_000;

/** @throws SyntaxError for what is none; ERR_ATTESTATION for more than 250,000 values, or commas in texts. */
export function parseJson(bytes: Buffer): unknown {
  const text = bytes.toString();
  if (text.split(/[[{,]/, mostValues + 2).length > mostValues + 1) {
    throw problem(`JSON of more than ${mostValues} values`);
  }
  return JSON.parse(text) as unknown;
}

/** Whether all of its values are texts; `z.record` would tell of each that is none. */
export function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string');
}
