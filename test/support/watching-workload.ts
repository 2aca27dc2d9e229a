// An open FetchX509SVID stream of this very process, once there is something to watch.
import { WatchingWorkload } from '../../packages/sdk/dist-test/support/watching-workload.js';
import { until } from './until.js';

export { WatchingWorkload };

/** A stream that the agent serves: opened again as long as nobody answers or no identity is known for this process. */
export function watchingWorkload(socketPath: string): Promise<WatchingWorkload> {
  return until('a stream with an identity', async () => {
    const workload = new WatchingWorkload(socketPath);
    await until('an answer', () => workload.updates.length > 0 || workload.ending !== undefined);
    if (workload.ending === undefined) return workload;
    workload[Symbol.dispose]();
    return undefined;
  });
}
