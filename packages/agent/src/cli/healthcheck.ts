// `healthcheck`
import { answer, defineCommand, exitCodes, healthcheckFlags } from '@credence/sdk/daemon';
import { healthApi } from '@credence/sdk/wire';
import type { HealthCheckResponse__Output } from '@credence/sdk/wire/gen/grpc/health/v1/HealthCheckResponse.js';
import { withAgent } from './agent-client.js';

export const command = defineCommand(healthcheckFlags, async (values, terminal) => {
  if (values.verbose) terminal.out('Checking agent health...\n');
  const problem = await withAgent(healthApi, { values, terminal }, (client) =>
    answer<HealthCheckResponse__Output>((done) => client.Check({ service: '' }, done)),
  ).then(
    ({ status }) => (status === 'SERVING' ? undefined : `agent returned status "${status}"`),
    (error: unknown) => {
      const why = values.verbose && error instanceof Error ? `: ${error.message}` : '';
      return `unable to determine health${why}`;
    },
  );
  if (problem !== undefined) {
    terminal.err(`Agent is unhealthy: ${problem}\n`);
    return exitCodes.failed;
  }
  terminal.out('Agent is healthy.\n');
  return exitCodes.done;
});
