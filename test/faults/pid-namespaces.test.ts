// Callers whose process numbers mean something else to the agent: of other PID namespaces, and numbers that were given to
// another process. Needs root, as making such callers does.
import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { Deployment } from '../support/deployment.js';
import { recyclePid, type RecycledPid } from '../support/recycled-pid.js';
import { until } from '../support/until.js';
import { WatchingWorkload } from '../support/watching-workload.js';
import { WorkloadProcess } from '../support/workload-process.js';

const inNamespace = 'unshare --pid --fork --mount-proc --kill-child';

if (process.geteuid?.() === 0) {
  describe('a caller in another PID namespace', () => {
    it('is attested as the process that it is outside, whatever number it has inside', async () => {
      await using deployment = await Deployment.create();
      await deployment.startServer();
      await deployment.createEntry('/inside', '--selector', 'unix:uid:1234');
      await deployment.createEntry('/root', '--selector', 'unix:uid:0');
      await deployment.startAgent();
      // Its number is 1: that of a process of root's, outside.
      await using workload = await WorkloadProcess.start(inNamespace.split(' '));
      await workload.become(1234, 1234);
      await workload.connect(deployment.workloadSocket());
      await until('the identity to be there', async () => {
        const { spiffeIds } = await workload.fetch();
        if (spiffeIds === undefined) return false;
        assert.deepEqual(spiffeIds, ['spiffe://example.org/inside']);
        return true;
      });
    }).timeout(30_000);

    it('is nobody to an agent that does not see it', async () => {
      await using deployment = await Deployment.create();
      await deployment.startServer();
      await deployment.createEntry('/web');
      const agent = await deployment.launchAgent({ shell: `exec ${inNamespace} "$0" "$@"` });
      await until('the agent to serve', () => agent.reports.some(({ msg }) => msg === 'agent is ready'));
      using workload = new WatchingWorkload(deployment.workloadSocket());
      const { code } = await workload.waitForEnd();
      assert.equal(code, status.UNAVAILABLE);
      const refused = await until('the log', () => agent.reports.find(({ msg }) => msg === 'connection refused'));
      assert.match(String(refused['reason']), /process/);
      assert.equal(workload.updates.length, 0);
    }).timeout(30_000);
  });

  describe('a process number that was given to a process of another user', () => {
    it('does not make the connection of the dead one that of its successor (EV-50)', async () => {
      await using child = recyclePid();
      const { stdout, stderr } = await child.finished;
      const { recycled, attested, endings } = JSON.parse(stdout || assert.fail(stderr)) as RecycledPid;
      assert.ok(recycled, 'the number was not given again');
      // The twin: the same connection, while the process lived.
      assert.deepEqual(attested, ['uid:0']);
      assert.deepEqual(endings, [status.UNAVAILABLE, 'closed']);
    }).timeout(20_000);
  });
}
