// What the commands below `logger` of both daemons have in common: the level that is set, and the answer that is shown.
import { exitCodes, usageError, type ExitCode } from './exit.js';
import type { Flags } from './flags.js';
import { announcedLevels, type AnnouncedLevel } from './log-level-control.js';
import { encodeJson, type OutputFormat } from './output.js';
import type { Terminal } from './program.js';

const accepted = announcedLevels.join(', ').toLowerCase();

/** The flag of `logger set`. */
export const levelFlags = {
  level: { kind: 'text', metavar: 'level', help: `the least level to write: ${accepted}` },
} as const satisfies Flags;

/** The level that --level names, in whatever case. @throws ERR_USAGE */
export function parseLevelFlag(level: string | undefined): AnnouncedLevel {
  if (level === undefined || level === '') throw usageError(`--level is required; ${accepted} are accepted`);
  const known = announcedLevels.find((name) => name.toLowerCase() === level.toLowerCase());
  if (known === undefined) throw usageError(`--level is "${level}"; ${accepted} are accepted`);
  return known;
}

/** The message spire.api.types.Logger. */
interface LoggerState {
  readonly current_level: string;
  readonly launch_level: string;
}

/** Prints what a call of the Logger service has answered. */
export function printLogger(logger: LoggerState, output: OutputFormat, terminal: Terminal): ExitCode {
  const { current_level: current, launch_level: launch } = logger;
  if (output === 'json') terminal.out(`${encodeJson(logger)}\n`);
  else terminal.out(`Logger Level : ${levelName(current)}\nLaunch Level : ${levelName(launch)}\n\n`);
  return exitCodes.done;
}

function levelName(level: string): string {
  return level === 'WARN' ? 'warning' : level.toLowerCase();
}
