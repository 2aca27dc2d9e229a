// The Logger service: how much this server logs, until it is started anew.
import { LogLevelControl } from '@credence/sdk/daemon';
import type { LoggerHandlers } from '@credence/sdk/wire/gen/spire/api/server/logger/v1/Logger.js';
import type { SetLogLevelRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/logger/v1/SetLogLevelRequest.js';
import type { Logger } from '@credence/sdk/wire/gen/spire/api/types/Logger.js';
import type { Pipeline } from '../pipeline.js';
import { checkLevel } from './level.js';
import type { LoggerServicePorts } from './ports.js';

export function createLoggerService(ports: LoggerServicePorts, pipeline: Pipeline): LoggerHandlers {
  const control = new LogLevelControl(ports);
  const answer = (): Logger => ({ current_level: control.current, launch_level: control.launched });

  return {
    GetLogger: pipeline.unary(() => Promise.resolve(answer())),
    SetLogLevel: pipeline.unary(async ({ new_level: level }: SetLogLevelRequest__Output, { audit }) => {
      const checked = checkLevel(level);
      audit.add({ log_level: checked });
      control.change(checked);
      return Promise.resolve(answer());
    }),
    ResetLogLevel: pipeline.unary((_request: object, { audit }) => {
      audit.add({ log_level: control.launched });
      control.change(control.launched);
      return Promise.resolve(answer());
    }),
  };
}
