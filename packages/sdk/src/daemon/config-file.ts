// A daemon's YAML file, checked by one strict schema: every problem is listed with its path, and nothing unknown is
// passed over.
import { readFile } from 'node:fs/promises';
import type { ZodError, ZodType, core } from 'zod';
import { parseDuration } from '../runtime/duration.js';
import { sdkError } from '../runtime/error-codes.js';
import { errorText, usageError } from './exit.js';
import { kebabCase } from './flags.js';
import { printable } from './printable.js';
import { suggestion } from './suggest.js';
import { parseYaml, type Variables } from './yaml-text.js';

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
      return issue.keys.map((key) => `unknown key "${printable(key)}"${suggestion(key, known)}`).join(', ');
    },
  };
}

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
  const problems = result.error.issues.map(({ path, message }) => `${flagOf.get(String(path[0])) ?? ''}: ${message}`);
  throw usageError(problems.join('\n'));
}

function snakeCase(key: string): string {
  return kebabCase(key).replaceAll('-', '_');
}

function problemsOf(error: ZodError): readonly string[] {
  return error.issues.map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`);
}

function configError(name: string, problems: readonly string[]): Error {
  return sdkError('ERR_CONFIG', `${name} is not usable:\n${problems.map((line) => `  ${line}`).join('\n')}`, {
    details: { problems },
  });
}
