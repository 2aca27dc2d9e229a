// What flags and files hold, checked before anything is sent: each message names the field, the rule, and what would
// be accepted.
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import { errorText, parseYaml, usageError } from '@credence/sdk/daemon';
import { parseDuration } from '@credence/sdk/runtime';
import type { Selector } from '@credence/sdk/wire/gen/spire/api/types/Selector.js';
import type { SelectorMatch } from '@credence/sdk/wire/gen/spire/api/types/SelectorMatch.js';
import type { SPIFFEID } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';

export const matches = {
  exact: 'MATCH_EXACT',
  any: 'MATCH_ANY',
  superset: 'MATCH_SUPERSET',
  subset: 'MATCH_SUBSET',
} as const;

/** A SPIFFE ID as the wire has it (SPIFFE-ID §2). @throws ERR_USAGE */
export function parseId(field: string, text: string): Required<SPIFFEID> {
  try {
    const id = SpiffeId.parse(text);
    return { trust_domain: id.trustDomain.name, path: id.path };
  } catch (error) {
    throw usageError(`${field}: ${errorText(error)}; spiffe://example.org/web is accepted`);
  }
}

/** As {@link parseId}, for a flag that must be there. @throws ERR_USAGE */
export function requiredId(field: string, text: string | undefined): Required<SPIFFEID> {
  if (text === undefined || text === '') throw usageError(`${field} is required`);
  return parseId(field, text);
}

/** A filter's ID: absent when the flag is. @throws ERR_USAGE */
export function optionalId(field: string, text: string | undefined): SPIFFEID | null {
  return text === undefined || text === '' ? null : parseId(field, text);
}

/** A trust domain, by name or by any of its SPIFFE IDs. @throws ERR_USAGE */
export function parseTrustDomain(field: string, text: string): string {
  try {
    return TrustDomain.parse(text).name;
  } catch (error) {
    throw usageError(`${field}: ${errorText(error)}; example.org is accepted`);
  }
}

/** As {@link parseTrustDomain}, for a flag that must be there. @throws ERR_USAGE */
export function requiredTrustDomain(field: string, text: string | undefined): string {
  if (text === undefined || text === '') throw usageError(`${field} is required`);
  return parseTrustDomain(field, text);
}

/** `type:value`, split at the first colon. @throws ERR_USAGE */
export function parseSelector(field: string, text: string): Required<Selector> {
  const colon = text.indexOf(':');
  if (colon <= 0 || colon === text.length - 1) {
    throw usageError(`${field}: selector "${text}" must be formatted as type:value; unix:uid:1000 is accepted`);
  }
  return { type: text.slice(0, colon), value: text.slice(colon + 1) };
}

/** A filter by selectors, absent when none is given. @throws ERR_USAGE */
export function selectorMatch(selectors: readonly string[], match: SelectorMatch['match']): SelectorMatch | null {
  if (selectors.length === 0 || match === undefined) return null;
  return { selectors: selectors.map((selector) => parseSelector('--selector', selector)), match };
}

// int32 of the wire.
const largestTtl = 2 ** 31 - 1;

/** Seconds; 0 is the server's default. @throws ERR_USAGE */
export function parseTtl(field: string, seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= largestTtl) return seconds;
  throw usageError(`${field} is ${seconds}; seconds from 0 (the server's default) to ${largestTtl} are accepted`);
}

/** A lifetime such as `90s` or `1h`, in seconds; 0 is the server's default. @throws ERR_USAGE */
export function parseTtlText(field: string, text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined || milliseconds % 1000 !== 0) {
    throw usageError(`${field} is "${text}"; whole seconds such as 90s or 1h are accepted`);
  }
  return parseTtl(field, milliseconds / 1000);
}

/** The text of a file, or of standard input for `-`. @throws Error naming the field */
export function readInputFile(field: string, path: string, readInput: () => Promise<string>): Promise<string> {
  return path === '-' ? readInput() : readText(field, path);
}

/** The JSON of a file, or of standard input for `-`. @throws ERR_USAGE when it is not JSON */
export async function readJson(field: string, path: string, readInput: () => Promise<string>): Promise<unknown> {
  return parseJson(field, path, await readInputFile(field, path, readInput));
}

/** As {@link readJson}, of a file of YAML or JSON. @throws ERR_USAGE when it is neither */
export async function readYaml(field: string, path: string, readInput: () => Promise<string>): Promise<unknown> {
  const text = await readInputFile(field, path, readInput);
  if (/^\s*[[{]/.test(text)) return parseJson(field, path, text);
  const { content, problems } = await parseYaml(text);
  if (problems.length === 0) return content;
  throw usageError(`${field}: ${sourceOf(path)} is not usable: ${problems.join(', ')}`);
}

function parseJson(field: string, path: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw usageError(`${field}: ${sourceOf(path)} is not JSON: ${errorText(error)}`);
  }
}

function sourceOf(path: string): string {
  return path === '-' ? 'standard input' : path;
}

async function readText(field: string, path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises');
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new Error(`${field}: ${path} cannot be read: ${errorText(error)}`, { cause: error });
  }
}
