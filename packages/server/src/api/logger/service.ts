// The Logger service: how much this server logs, until it is started anew.
import type { LoggerHandlers } from '@credence/sdk/wire/gen/spire/api/server/logger/v1/Logger.js';
import type { SetLogLevelRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/logger/v1/SetLogLevelRequest.js';
import type { Logger } from '@credence/sdk/wire/gen/spire/api/types/Logger.js';
import type { Pipeline } from '../pipeline.js';
import { checkLevel, decodeLevel, encodeLevel, isQuieter, type WireLevel } from './level.js';
import type { LoggerServicePorts } from './ports.js';

export function createLoggerService({ log, logLevel }: LoggerServicePorts, pipeline: Pipeline): LoggerHandlers {
  const launched = encodeLevel(logLevel.level);
  let current = launched;
  const answer = (): Logger => ({ current_level: current, launch_level: launched });

  function change(level: WireLevel): Logger {
    const fields = { log_level: level, previous_log_level: current };
    // While more is written: nobody silences the log without a word in it.
    const quieter = isQuieter(level, current);
    if (quieter) log.warn(fields, 'log level changed');
    logLevel.level = decodeLevel(level);
    current = level;
    if (!quieter) log.warn(fields, 'log level changed');
    return answer();
  }

  return {
    GetLogger: pipeline.unary(() => Promise.resolve(answer())),
    SetLogLevel: pipeline.unary(async ({ new_level: level }: SetLogLevelRequest__Output, { audit }) => {
      const checked = checkLevel(level);
      audit.add({ log_level: checked });
      return Promise.resolve(change(checked));
    }),
    ResetLogLevel: pipeline.unary((_request: object, { audit }) => {
      audit.add({ log_level: launched });
      return Promise.resolve(change(launched));
    }),
  };
}
