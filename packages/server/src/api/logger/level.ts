// The levels of the wire, and those of our log, which has no `panic`.
import type { LogLevel__Output } from '@credence/sdk/wire/gen/spire/api/types/LogLevel.js';
import { serverError } from '../../domain/errors.js';
import type { Level } from './ports.js';

export type WireLevel = Exclude<LogLevel__Output, 'UNSPECIFIED'>;

const levels: Readonly<Record<WireLevel, Level>> = {
  PANIC: 'fatal',
  FATAL: 'fatal',
  ERROR: 'error',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  TRACE: 'trace',
};

const quietFirst = Object.keys(levels);

/** @throws `ERR_INVALID_ARGUMENT` */
export function checkLevel(level: LogLevel__Output): WireLevel {
  if (level === 'UNSPECIFIED') {
    throw serverError('ERR_INVALID_ARGUMENT', 'newLevel value cannot be LogLevel_UNSPECIFIED');
  }
  // A number that the enumeration does not name stays a number.
  if (!Object.hasOwn(levels, level)) throw serverError('ERR_INVALID_ARGUMENT', 'unsupported log level');
  return level;
}

export function encodeLevel(level: Level): WireLevel {
  return level.toUpperCase() as Uppercase<Level>;
}

export function decodeLevel(level: WireLevel): Level {
  return levels[level];
}

/** Whether less is written at `level` than at `other`. */
export function isQuieter(level: WireLevel, other: WireLevel): boolean {
  return quietFirst.indexOf(level) < quietFirst.indexOf(other);
}
