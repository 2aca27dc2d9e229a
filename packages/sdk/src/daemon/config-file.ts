// A daemon's YAML file, checked by one strict schema: every problem is listed with its path, and nothing unknown is
// passed over.
import { readFile } from 'node:fs/promises';
import type { ZodError, ZodType, core } from 'zod';
import { parseDuration } from '../runtime/duration.js';
import { sdkError } from '../runtime/error-codes.js';
import { errorText, usageError } from './exit.js';
import { kebabCase } from './flags.js';
import { printable } from './printable.js';
import { nearest, suggestion } from './suggest.js';
import { parseYaml, type Variables } from './yaml-text.js';

const mostKeysTold = 12;
const kinds: ReadonlyMap<string, string> = new Map([
  ['string', 'text'],
  ['boolean', 'true or false'],
  ['number', 'a number'],
  ['int', 'a whole number'],
  ['array', 'a list'],
  ['object', 'a section of keys'],
  ['record', 'a section of keys'],
]);

/**
 * Reads and checks a configuration file; an empty one is one without keys.
 *
 * @throws ERR_CONFIG that lists all that is wrong with it.
 */
export async function loadConfigFile<T>(path: string, schema: ZodType<T>, variables?: Variables): Promise<T> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw sdkError('ERR_CONFIG', `the configuration file cannot be read: ${errorText(error)}`, { cause: error });
  }
  return parseConfig(text, schema, { name: path, variables });
}

interface ConfigSource {
  /** What stands in messages. */
  readonly name: string;
  readonly variables?: Variables;
}

/** Checks the text of a configuration file. Messages never quote the file: it may hold secrets. */
export async function parseConfig<T>(text: string, schema: ZodType<T>, source: ConfigSource | string): Promise<T> {
  const { name, variables }: ConfigSource = typeof source === 'string' ? { name: source } : source;
  const { content, problems } = await parseYaml(text, variables);
  if (problems.length > 0) throw configError(name, problems);
  const result = schema.safeParse(content ?? {});
  if (!result.success) throw configError(name, problemsOf(result.error));
  return result.data;
}

/** The message for keys that a strict object of this shape does not have; give it to `z.strictObject`. */
export function unknownKeys(shape: Readonly<Record<string, unknown>>): ObjectErrors {
  const known = Object.keys(shape);
  return {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      return issue.keys.map((key) => `unknown key "${printable(key)}"${hintFor(key, known)}`).join(', ');
    },
  };
}

// The key that was meant; otherwise all that there are, unless they are too many to read.
function hintFor(key: string, known: readonly string[]): string {
  if (nearest(key, known) !== undefined || known.length > mostKeysTold) return suggestion(key, known);
  return known.length === 0 ? '; none is accepted here' : `; ${known.join(', ')} ${areAccepted(known)}`;
}

const areAccepted = ({ length }: readonly unknown[]): string => (length === 1 ? 'is accepted' : 'are accepted');

interface ObjectErrors {
  readonly error: core.$ZodErrorMap<core.$ZodIssueUnrecognizedKeys | core.$ZodIssueInvalidType>;
}

type Transform<T> = (text: string, context: core.$RefinementCtx<string>) => T;

/** A zod transform by a parser that throws: what it throws is the problem, `accepted` says what would do. */
export function parsedBy<T>(parse: (text: string) => T, accepted: string): Transform<T> {
  return (text, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.issues.push({ code: 'custom', input: text, message: `${errorText(error)}; ${accepted} is accepted` });
      return undefined as never;
    }
  };
}

/** A zod transform from a positive duration such as `1h30m` to milliseconds. */
export const toDurationMs: Transform<number> = parsedBy((text) => {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined || milliseconds <= 0) throw new TypeError(`"${text}" is not a positive duration`);
  return milliseconds;
}, '30s, 5m or 1h30m');

/**
 * Reads flags by the schema of the file's keys: the flag `dataDir` stands for the key `data_dir`, unless `keys` says for
 * which.
 *
 * @throws ERR_USAGE that names the flags.
 */
export function parseFlagKeys<T>(
  schema: ZodType<T>,
  flags: Readonly<Record<string, unknown>>,
  keys: Readonly<Record<string, string>> = {},
): T {
  const present = Object.entries(flags)
    .filter(([, value]) => value !== undefined)
    .map(([flag, value]) => ({ flag: kebabCase(flag), key: keys[flag] ?? snakeCase(flag), value }));
  const result = schema.safeParse(Object.fromEntries(present.map(({ key, value }) => [key, value])));
  if (result.success) return result.data;
  const flagOf = new Map(present.map(({ flag, key }) => [key, `--${flag}`]));
  const problems = result.error.issues.map((issue) => `${flagOf.get(String(issue.path[0])) ?? ''}: ${textOf(issue)}`);
  throw usageError(problems.join('\n'));
}

function snakeCase(key: string): string {
  return kebabCase(key).replaceAll('-', '_');
}

function problemsOf(error: ZodError): readonly string[] {
  return error.issues.map((issue) => `${issue.path.length === 0 ? '' : `${issue.path.join('.')}: `}${textOf(issue)}`);
}

// In place of zod's own words for what is missing or of another kind.
function textOf({ message, ...issue }: core.$ZodIssue): string {
  const found = issue.code === 'invalid_type' ? /^Invalid input: expected \w+, received (\w+)$/.exec(message) : null;
  if (issue.code !== 'invalid_type' || found === null) return message;
  const kind = kinds.get(issue.expected) ?? issue.expected;
  return `${found[1] === 'undefined' ? 'is missing' : `is not ${kind}`}; ${kind} is accepted`;
}

function configError(name: string, problems: readonly string[]): Error {
  return sdkError('ERR_CONFIG', `${name} is not usable:\n${problems.map((line) => `  ${line}`).join('\n')}`, {
    details: { problems },
  });
}
