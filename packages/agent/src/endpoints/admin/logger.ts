// The Logger service: how much this agent logs, until it is started anew.
import { LogLevelControl, type AnnouncedLevel, type LogLevelSwitch } from '@credence/sdk/daemon';
import type { Logger } from '@credence/sdk/runtime';
import { agentLoggerApi } from '@credence/sdk/wire';
import type { LoggerHandlers } from '@credence/sdk/wire/gen/spire/api/agent/logger/v1/Logger.js';
import type { SetLogLevelRequest__Output } from '@credence/sdk/wire/gen/spire/api/agent/logger/v1/SetLogLevelRequest.js';
import type { Logger as WireLogger } from '@credence/sdk/wire/gen/spire/api/types/Logger.js';
import type { LogLevel__Output } from '@credence/sdk/wire/gen/spire/api/types/LogLevel.js';
import { invalidArgument, unaryAnswer } from '../workload/unary-answer.js';
import type { AdminService } from './admin-endpoint.js';

export interface LoggerPorts {
  readonly log: Logger;
  readonly logLevel: LogLevelSwitch;
}

export function loggerService(ports: LoggerPorts): AdminService {
  const control = new LogLevelControl(ports);
  const answer = (): WireLogger => ({ current_level: control.current, launch_level: control.launched });
  const change = (level: AnnouncedLevel): WireLogger => {
    control.change(level);
    return answer();
  };
  return {
    definition: agentLoggerApi.definition,
    createHandlers: (options) =>
      ({
        GetLogger: unaryAnswer(options, () => Promise.resolve(answer())),
        SetLogLevel: unaryAnswer(options, async ({ new_level: level }: SetLogLevelRequest__Output) =>
          Promise.resolve(change(checkLevel(level))),
        ),
        ResetLogLevel: unaryAnswer(options, () => Promise.resolve(change(control.launched))),
      }) satisfies LoggerHandlers,
  };
}

function checkLevel(level: LogLevel__Output): AnnouncedLevel {
  if (level === 'UNSPECIFIED') throw invalidArgument('newLevel value cannot be LogLevel_UNSPECIFIED');
  // A number that the enumeration does not name stays a number.
  const known = LogLevelControl.parse(level);
  if (known === undefined) throw invalidArgument('unsupported log level');
  return known;
}
