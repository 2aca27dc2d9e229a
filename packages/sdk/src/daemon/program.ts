// A program of several commands, on commander: finds the command, loads its file only then, reads its flags from its
// table, runs it, and turns what it throws into a message and an exit code.
import { Command, CommanderError, Option } from 'commander';
import { errorText, exitCodeOf, exitCodes, usageError, type ExitCode } from './exit.js';
import {
  kebabCase,
  normaliseArguments,
  spellingOf,
  type Choices,
  type Flag,
  type Flags,
  type FlagValues,
} from './flags.js';
import { printableLines } from './printable.js';
import { suggestion } from './suggest.js';

/** The process around a command, so that a test can stand in for it. */
export interface Terminal {
  /** Writes text as it is, to standard output. */
  out(text: string): void;
  /** Writes text as it is, to standard error. */
  err(text: string): void;
  /** All of standard input, as UTF-8. */
  readInput(): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user. */
  readonly uid: number;
}

/** A command: its flags, and what it does. What `run` throws becomes a message and an exit code. */
export interface CommandModule {
  readonly flags: Flags;
  readonly run: (values: never, terminal: Terminal) => Promise<ExitCode>;
}

/** Ties the values that a command receives to its table of flags. */
export function defineCommand<const T extends Flags>(
  flags: T,
  run: (values: FlagValues<T>, terminal: Terminal) => Promise<ExitCode>,
): CommandModule {
  return { flags, run };
}

export interface CommandEntry {
  /** Words, such as `entry create`. */
  readonly path: string;
  readonly summary: string;
  /** A line for a shell, which the help shows. */
  readonly example?: string | undefined;
  load(): Promise<CommandModule>;
}

export interface Program {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly commands: readonly CommandEntry[];
}

/** Runs the command that `args` name; never throws. What it prints moves no cursor, whoever wrote it. */
export async function runProgram(program: Program, args: readonly string[], screen: Terminal): Promise<ExitCode> {
  const terminal: Terminal = {
    out: (text) => {
      screen.out(printableLines(text));
    },
    err: (text) => {
      screen.err(printableLines(text));
    },
    readInput: () => screen.readInput(),
    env: screen.env,
    uid: screen.uid,
  };
  try {
    return await dispatch(program, args, terminal);
  } catch (error) {
    // Commander has printed help, or the version, itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const code = exitCodeOf(error);
    terminal.err(`Error: ${indented(errorText(error))}\n`);
    if (code === exitCodes.usage)
      terminal.err(`Run "${[program.name, knownPath(program, args)].join(' ').trim()} --help" for usage.
`);
    return code;
  }
}

// No line but the first begins a line of the terminal: what a message quotes cannot pass for another.
function indented(text: string): string {
  return text.replace(/\n(?! {2})/g, '\n  ');
}

async function dispatch(program: Program, args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  const words = wordsOf(args);
  const entry = findEntry(program, words);
  if (entry === undefined) return explain(program, args, terminal);
  const { flags, run } = await entry.load();
  const command = createCommand(`${program.name} ${entry.path}`, terminal).description(entry.summary);
  for (const [key, flag] of Object.entries(flags)) addOptions(command, key, flag);
  if (entry.example !== undefined) command.addHelpText('after', `\nExample:\n  ${entry.example}`);
  command.parse(normaliseArguments(args.slice(entry.path.split(' ').length), flags), { from: 'user' });
  return run(completed(command.opts(), flags) as never, terminal);
}

function wordsOf(args: readonly string[]): readonly string[] {
  const end = args.findIndex((argument) => argument.startsWith('-'));
  return args.slice(0, end === -1 ? args.length : end);
}

function knownPath(program: Program, args: readonly string[]): string {
  return findEntry(program, wordsOf(args))?.path ?? '';
}

// The longest path wins: `api fetch` is a command, and so is `api fetch x509`.
function findEntry(program: Program, words: readonly string[]): CommandEntry | undefined {
  const line = `${words.join(' ')} `;
  return program.commands
    .filter(({ path }) => line.startsWith(`${path} `))
    .sort((a, b) => b.path.length - a.path.length)[0];
}

// No command: help for what there is, or what is wrong.
function explain(program: Program, args: readonly string[], terminal: Terminal): ExitCode {
  const words = wordsOf(args);
  const rest = args.slice(words.length);
  if (words.length === 0 && (rest[0] === '--version' || rest[0] === '-version' || rest[0] === '-v')) {
    terminal.out(`${program.version}\n`);
    return exitCodes.done;
  }
  const group = words.join(' ');
  const commands = program.commands.filter(({ path }) => group === '' || path.startsWith(`${group} `));
  if (commands.length === 0) throw unknownCommand(program, words);
  const asked = rest[0];
  if (asked !== undefined && !['-h', '-help', '--help'].includes(asked)) throw usageError(`unknown flag ${asked}`);
  const help = createCommand([program.name, ...words].join(' '), terminal).description(program.summary);
  help.helpCommand(false);
  if (group === '') help.option('-v, --version', 'display the version');
  for (const { path, summary } of commands)
    help.addCommand(new Command(path.slice(group.length).trim()).description(summary));
  if (asked === undefined) terminal.err(help.helpInformation());
  else terminal.out(help.helpInformation());
  return asked === undefined ? exitCodes.usage : exitCodes.done;
}

function unknownCommand(program: Program, words: readonly string[]): Error {
  const written = words.join(' ');
  const known = program.commands.map(({ path }) => path);
  return usageError(`unknown command "${written}"${suggestion(written, known)}`);
}

function createCommand(name: string, terminal: Terminal): Command {
  return new Command(name).exitOverride().configureOutput({
    writeOut: (text) => {
      terminal.out(text);
    },
    writeErr: (text) => {
      terminal.err(text);
    },
    outputError: () => undefined,
  });
}

function addOptions(command: Command, key: string, flag: Flag): void {
  const name = `--${kebabCase(key)}`;
  const spelling = spellingOf(key, flag);
  const help = kebabCase(key) === spelling ? flag.help : `${flag.help} (-${spelling})`;
  switch (flag.kind) {
    case 'boolean':
      command.addOption(new Option(name, help)).addOption(new Option(`--no-${kebabCase(key)}`).hideHelp());
      return;
    case 'list':
      command.addOption(
        new Option(`${name} <${flag.metavar ?? 'text'}>`, help).argParser(
          (value, previous: readonly string[] | undefined) => [...(previous ?? []), value],
        ),
      );
      return;
    case 'integer':
      command.addOption(
        withDefault(
          new Option(`${name} <number>`, help).argParser((value) => parseInteger(name, value)),
          flag.default,
        ),
      );
      return;
    case 'choice':
      command.addOption(
        withDefault(
          new Option(`${name} <${Object.keys(flag.choices).join('|')}>`, help).argParser((value) =>
            parseChoice(name, value, flag.choices),
          ),
          meaningOfDefault(flag),
          flag.default,
        ),
      );
      return;
    case 'text':
      command.addOption(withDefault(new Option(`${name} <${flag.metavar ?? 'text'}>`, help), flag.default));
  }
}

function withDefault(option: Option, value: string | number | undefined, shown?: string): Option {
  return value === undefined ? option : option.default(value, shown);
}

function completed(values: Readonly<Record<string, unknown>>, flags: Flags): Readonly<Record<string, unknown>> {
  const absent = (flag: Flag): unknown => {
    if (flag.kind === 'list') return [];
    return flag.kind === 'choice' ? meaningOfDefault(flag) : flag.default;
  };
  return Object.fromEntries(Object.entries(flags).map(([key, flag]) => [key, values[key] ?? absent(flag)]));
}

function parseInteger(flag: string, text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw usageError(`flag ${flag} is "${text}"; a whole number is accepted`);
  }
  return value;
}

function meaningOfDefault(flag: Flag & { readonly kind: 'choice' }): string | undefined {
  return flag.default === undefined ? undefined : flag.choices[flag.default];
}

function parseChoice(flag: string, text: string, choices: Choices): string {
  const value = Object.hasOwn(choices, text) ? choices[text] : undefined;
  if (value === undefined) {
    throw usageError(`flag ${flag} is "${text}"; ${Object.keys(choices).join(', ')} are accepted`);
  }
  return value;
}
