// What the Logger service stands on.
import type { LogLevelSwitch } from '@credence/sdk/daemon';
import type { Logger } from '@credence/sdk/runtime';

export interface LoggerServicePorts {
  readonly log: Logger;
  readonly logLevel: LogLevelSwitch;
}
