// What the commands below `logger` have in common: one call, and what it answers.
import type { requestCallback } from '@grpc/grpc-js';
import { printLogger, type ExitCode, type FlagValues, type Terminal } from '@credence/sdk/daemon';
import { loggerApi } from '@credence/sdk/wire';
import type { LoggerClient } from '@credence/sdk/wire/gen/spire/api/server/logger/v1/Logger.js';
import type { Logger__Output } from '@credence/sdk/wire/gen/spire/api/types/Logger.js';
import { answer, failing, withServer, type adminFlags } from '../admin-client.js';

/** Calls and prints; a failure begins with `failure`. */
export function showLogger(
  values: FlagValues<typeof adminFlags>,
  terminal: Terminal,
  failure: string,
  call: (client: LoggerClient, done: requestCallback<Logger__Output>) => unknown,
): Promise<ExitCode> {
  return withServer(values, terminal, async (connect) => {
    const client = connect(loggerApi);
    const logger = await failing(failure, () => answer<Logger__Output>((done) => call(client, done)));
    return printLogger(logger, values.output, terminal);
  });
}
