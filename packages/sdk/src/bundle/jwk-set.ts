// JWK Sets (RFC 7517 §5) as SPIFFE bundles are written: the document must be well formed, an entry that is of no use is
// left out and reported, and does not take the others with it (SPIFFE Trust Domain and Bundle §§4.1.3–4.2).
import { isJsonObject, parseJson, type JsonObject } from '../json/index.js';
import { isSpiffeError, sdkError, type SpiffeError } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';

/** Told of each entry that is left out, and why. */
export type EntryReport = (problem: SpiffeError) => void;

/** Documents that are longer are refused: as much as a message of the Workload API holds. */
const longestDocument = 4 * 1024 * 1024;
const mostKeys = 1024;

/** @throws SpiffeError `ERR_SPIFFE_BUNDLE` */
export function parseDocument(trustDomain: TrustDomain | undefined, text: string | Uint8Array): JsonObject {
  try {
    const document = parseJson(text, { maxLength: longestDocument, exactIntegers: true });
    if (isJsonObject(document)) return document;
  } catch (cause) {
    if (!isSpiffeError(cause)) throw cause;
    throw malformed(trustDomain, cause.message, cause);
  }
  throw malformed(trustDomain, 'expected a JSON object');
}

/**
 * The entries of "keys" (SPIFFE Trust Domain and Bundle §4.1.3: it may be empty, but not be missing).
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE`
 */
export function entriesOf(trustDomain: TrustDomain, document: JsonObject): readonly unknown[] {
  const { keys } = document;
  if (!Array.isArray(keys)) throw malformed(trustDomain, 'expected "keys" to be an array');
  if (keys.length > mostKeys) throw malformed(trustDomain, `"keys" has more than ${mostKeys} entries`);
  return keys;
}

/** What `read` makes of the entries, without those that it refuses by a SpiffeError; those go to `report`. */
export function usableEntries<T>(
  trustDomain: TrustDomain,
  entries: readonly unknown[],
  read: (entry: JsonObject) => T,
  report: EntryReport = () => undefined,
): readonly T[] {
  const usable: T[] = [];
  for (const [index, entry] of entries.entries()) {
    try {
      if (!isJsonObject(entry)) throw unusable('expected a JSON object');
      usable.push(read(entry));
    } catch (cause) {
      if (!isSpiffeError(cause)) throw cause;
      report(malformed(trustDomain, `key ${index} is not used: ${cause.message}`, cause));
    }
  }
  return usable;
}

/** The refusal of one entry. */
export function unusable(problem: string): SpiffeError {
  return sdkError('ERR_SPIFFE_BUNDLE', problem);
}

/** The refusal of a document. */
export function malformed(trustDomain: TrustDomain | undefined, problem: string, cause?: unknown): SpiffeError {
  const what = trustDomain === undefined ? 'bundle map' : `bundle of ${trustDomain.name}`;
  return sdkError('ERR_SPIFFE_BUNDLE', `${what}: ${problem}`, cause === undefined ? {} : { cause });
}
