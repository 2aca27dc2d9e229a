// What the Logger service stands on.
import type { Logger } from '@credence/sdk/runtime';

/** How much is logged; the methods of `Logger` write nothing below the level. */
export type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

/** The level of this process's log. */
export interface LogLevelSwitch {
  level: Level;
}

export interface LoggerServicePorts {
  readonly log: Logger;
  readonly logLevel: LogLevelSwitch;
}
