// `healthcheck`
import { defineCommand, exitCodes, healthcheckFlags } from '@credence/sdk/daemon';
import { healthApi } from '@credence/sdk/wire';
import type { HealthCheckResponse__Output } from '@credence/sdk/wire/gen/grpc/health/v1/HealthCheckResponse.js';
import { answer, withServer } from './admin-client.js';

export const command = defineCommand(healthcheckFlags, async (values, terminal) => {
  if (values.verbose) terminal.out('Checking server health...\n');
  const { status } = await withServer(values, terminal, (connect) => {
    const client = connect(healthApi);
    return answer<HealthCheckResponse__Output>((done) => client.Check({ service: '' }, done));
  }).catch((error: unknown) => {
    const why = values.verbose && error instanceof Error ? `: ${error.message}` : '';
    throw new Error(`server is unhealthy: unable to determine health${why}`, { cause: error });
  });
  if (status !== 'SERVING') throw new Error(`server is unhealthy: server returned status "${status}"`);
  terminal.out('Server is healthy.\n');
  return exitCodes.done;
});
