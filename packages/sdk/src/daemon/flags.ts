// Flags as tables: each has its own spelling (--spiffe-id) and that of SPIRE's commands (-spiffeID), with one dash or
// two, and `=value` or the next argument. Whatever is not in the table is an error, never a guess.
import { usageError } from './exit.js';
import { nearest } from './suggest.js';

interface FlagBase {
  readonly help: string;
  /** True: its value may be given without its name, as in `backup FILE`. */
  readonly operand?: boolean;
  /** The spelling of SPIRE's commands; default: the flag's key. */
  readonly spire?: string;
}

/**
 * One flag; `default` is its value when the command line lacks it, otherwise that is undefined. `metavar` stands for the
 * value in the help, as in `--path <file>`.
 */
export type Flag =
  | (FlagBase & { readonly kind: 'text'; readonly default?: string; readonly metavar?: string })
  | (FlagBase & { readonly kind: 'integer'; readonly default?: number })
  | (FlagBase & { readonly kind: 'boolean'; readonly default?: boolean })
  /** May be given several times. */
  | (FlagBase & { readonly kind: 'list'; readonly metavar?: string })
  | (FlagBase & { readonly kind: 'choice'; readonly choices: Choices; readonly default?: string });

/** What may be written → what it means. */
export type Choices = Readonly<Record<string, string>>;

/** Flags by key in camelCase: `spiffeId` is written `--spiffe-id`. */
export type Flags = Readonly<Record<string, Flag>>;

interface Kinds {
  readonly text: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly list: readonly string[];
}

type ValueOf<F extends Flag> = F extends { readonly kind: 'choice'; readonly choices: infer C extends Choices }
  ? C[keyof C]
  : F['kind'] extends keyof Kinds
    ? Kinds[F['kind']]
    : never;

/** The values of a table of flags. */
export type FlagValues<T extends Flags> = {
  readonly [K in keyof T]: T[K] extends { readonly kind: 'list' } | { readonly default: unknown }
    ? ValueOf<T[K]>
    : ValueOf<T[K]> | undefined;
};

/** `spiffeId` → `spiffe-id`, `x509SvidTtl` → `x509-svid-ttl`. */
export function kebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** How SPIRE's commands spell a flag. */
export function spellingOf(key: string, flag: Flag): string {
  return flag.spire ?? key;
}

/**
 * Rewrites arguments so that commander reads each flag in one way: `--spiffe-id=value`, `--node`, `--no-node`.
 *
 * @throws ERR_USAGE for a flag that is unknown, lacks its value, or is given twice without being a list, and for an
 * argument that is neither a flag nor the operand of one.
 */
export function normaliseArguments(args: readonly string[], flags: Flags): string[] {
  const table = spellings(flags);
  const seen = new Set<string>();
  const normalised: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? '';
    const [, written, equals, inline] = /^--?([^-=][^=]*)(=?)(.*)$/s.exec(argument) ?? [];
    if (written === undefined) {
      const operand = Object.keys(flags).find((name) => flags[name]?.operand === true && !seen.has(name));
      if (operand === undefined || argument.startsWith('-')) throw usageError(`unexpected argument "${argument}"`);
      seen.add(operand);
      normalised.push(`--${kebabCase(operand)}=${argument}`);
      continue;
    }
    if (written === 'h' || written === 'help') return ['--help'];
    const key = table.get(written);
    const flag = key === undefined ? undefined : flags[key];
    if (key === undefined || flag === undefined) throw unknownFlag(argument, written, table);
    if (flag.kind !== 'list' && seen.has(key)) throw usageError(`flag given twice: ${dashed(argument, written)}`);
    seen.add(key);
    if (flag.kind === 'boolean') {
      const value = equals === '' ? true : parseBoolean(inline ?? '', dashed(argument, written));
      normalised.push(`--${value ? '' : 'no-'}${kebabCase(key)}`);
      continue;
    }
    const value = equals === '' ? args[++index] : inline;
    if (value === undefined) throw usageError(`flag needs a value: ${dashed(argument, written)}`);
    normalised.push(`--${kebabCase(key)}=${value}`);
  }
  return normalised;
}

function spellings(flags: Flags): ReadonlyMap<string, string> {
  const table = new Map<string, string>();
  for (const [key, flag] of Object.entries(flags)) {
    table.set(kebabCase(key), key);
    table.set(spellingOf(key, flag), key);
  }
  return table;
}

function unknownFlag(argument: string, written: string, table: ReadonlyMap<string, string>): Error {
  const near = nearest(written, table.keys());
  const hint = near === undefined ? '' : `; did you mean ${dashed(argument, near)}?`;
  return usageError(`unknown flag ${dashed(argument, written)}${hint}`);
}

// Without its value, which may be a secret.
function dashed(argument: string, written: string): string {
  return argument.startsWith('--') ? `--${written}` : `-${written}`;
}

const booleans: Readonly<Record<string, boolean>> = {
  ...Object.fromEntries(['1', 't', 'T', 'true', 'TRUE', 'True'].map((text) => [text, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'false', 'FALSE', 'False'].map((text) => [text, false])),
};

function parseBoolean(text: string, flag: string): boolean {
  const value = Object.hasOwn(booleans, text) ? booleans[text] : undefined;
  if (value === undefined) throw usageError(`flag ${flag} is "${text}"; true or false are accepted`);
  return value;
}
