// `api watch`: the X.509-SVIDs as they change, until SIGINT or SIGTERM. It reconnects whatever happens to the agent.
import { status } from '@grpc/grpc-js';
import { abortOnSignals, defineCommand, exitCodes, socketFlags, type Terminal } from '@credence/sdk/daemon';
import { Backoff, systemClock, systemRandom } from '@credence/sdk/runtime';
import { isServiceError, workloadApi } from '@credence/sdk/wire';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import { callText, withAgent } from '../agent-client.js';
import { parseX509Response, renderX509 } from './x509-response.js';
import { fetchX509 } from './x509-stream.js';

export const command = defineCommand(socketFlags, async (values, terminal) => {
  using signals = abortOnSignals();
  const { signal } = signals;
  const backoff = new Backoff({ initialMs: 1000, factor: 2, maxMs: 30_000, jitter: 0.2 }, systemRandom);
  while (!signal.aborted) {
    try {
      await withAgent(workloadApi, { values, terminal }, (client) => print(client, { terminal, signal, backoff }));
    } catch (error) {
      if (error !== signal.reason) terminal.err(`${callText(error)}\n`);
      // The request itself is wrong: no retry makes it right.
      if (isServiceError(error) && error.code === status.INVALID_ARGUMENT) return exitCodes.failed;
    }
    await systemClock.sleep(backoff.next(), { signal }).catch(() => undefined);
  }
  return exitCodes.done;
});

interface Printing {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  readonly backoff: Backoff;
}

async function print(client: SpiffeWorkloadAPIClient, { terminal, signal, backoff }: Printing): Promise<void> {
  let since = performance.now();
  for await (const response of fetchX509(client, { signal })) {
    const fetched = parseX509Response(response, ({ message }) => {
      terminal.err(`Warning: ${message}\n`);
    });
    terminal.out(renderX509(fetched, performance.now() - since));
    since = performance.now();
    backoff.reset();
  }
}
