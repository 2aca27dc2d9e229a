// `healthcheck`
import { defineCommand, exitCodes, healthcheckFlags } from '@credence/sdk/daemon';
import { healthApi } from '@credence/sdk/wire';
import type { HealthClient } from '@credence/sdk/wire/gen/grpc/health/v1/Health.js';
import { withAgent } from './agent-client.js';

export const command = defineCommand(healthcheckFlags, async (values, terminal) => {
  if (values.verbose) terminal.out('Checking agent health...\n');
  const problem = await withAgent(healthApi, { values, terminal }, check).then(
    (serving) => (serving === 'SERVING' ? undefined : `agent returned status "${serving}"`),
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

function check(client: HealthClient): Promise<string> {
  return new Promise((resolve, reject) => {
    client.Check({ service: '' }, (error, response) => {
      if (error !== null) reject(error);
      else resolve(response?.status ?? 'UNKNOWN');
    });
  });
}
