// What an agent holds of more entries than its cache may: so many X.509-SVIDs ahead of need, and besides what is asked for.
import { join } from 'node:path';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

describe('x509_svid_cache_max_size', () => {
  const most = 3;
  let deployment: Deployment;
  let adminSocket: string;

  before(async () => {
    deployment = await Deployment.create();
    adminSocket = join(deployment.folder, 'agent', 'private', 'admin.sock');
    await deployment.startServer();
    // Each has a selector that the workload below has too: that alone keeps nothing in the cache.
    const shared = ['--selector', `unix:uid:${process.getuid!()}`];
    for (let index = 0; index < 2 * most; index++) {
      await deployment.createEntry(`/ahead-${index}`, ...shared, '--selector', `unix:gid:${4711 + index}`);
    }
    const config = { admin_socket_path: adminSocket, x509_svid_cache_max_size: most };
    await deployment.startAgent({ config });
  });
  after(() => deployment[Symbol.asyncDispose]());

  const held = async (): Promise<number> => {
    const flags = ['--socket-path', adminSocket, '--output', 'json'];
    const { stdout } = await deployment.agent('debug', 'getinfo', ...flags);
    return (JSON.parse(stdout) as { cached_x509_svids_count: number }).cached_x509_svids_count;
  };

  it('bounds what is held ahead of need, and what is asked for takes the place of that', async () => {
    await deployment.createEntry('/web');
    using workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/web');
    await until('as many as may be', async () => (await held()) === most, 15);
  }).timeout(30_000);
});
