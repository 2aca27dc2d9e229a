// How much a daemon logs, as administrators change it until the next start. They use SPIRE's levels, of which our log
// has all but `PANIC`.
import type { Logger } from '../runtime/logger.js';
import type { SettableLevel } from './logger.js';

/** A level as it is announced over the wire. */
export type AnnouncedLevel = 'PANIC' | Uppercase<SettableLevel>;

/** The level of this process's log. */
export interface LogLevelSwitch {
  level: SettableLevel;
}

const levels: Readonly<Record<AnnouncedLevel, SettableLevel>> = {
  PANIC: 'fatal',
  FATAL: 'fatal',
  ERROR: 'error',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  TRACE: 'trace',
};

/** The quietest first. */
export const announcedLevels = Object.keys(levels) as readonly AnnouncedLevel[];

/** Nobody silences the log without a word in it. */
export class LogLevelControl {
  readonly launched: AnnouncedLevel;
  readonly #log: Logger;
  readonly #logLevel: LogLevelSwitch;
  #current: AnnouncedLevel;

  constructor({ log, logLevel }: { readonly log: Logger; readonly logLevel: LogLevelSwitch }) {
    this.#log = log;
    this.#logLevel = logLevel;
    this.launched = logLevel.level.toUpperCase() as Uppercase<SettableLevel>;
    this.#current = this.launched;
  }

  get current(): AnnouncedLevel {
    return this.#current;
  }

  /** The level of this name, or undefined. */
  static parse(name: string): AnnouncedLevel | undefined {
    return announcedLevels.find((level) => level === name);
  }

  change(level: AnnouncedLevel): void {
    const fields = { log_level: level, previous_log_level: this.#current };
    const quieter = announcedLevels.indexOf(level) < announcedLevels.indexOf(this.#current);
    // While more is written.
    if (quieter) this.#log.warn(fields, 'log level changed');
    this.#logLevel.level = levels[level];
    this.#current = level;
    if (!quieter) this.#log.warn(fields, 'log level changed');
  }
}
