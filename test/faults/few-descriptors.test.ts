// An agent that may open few files: it refuses new callers, says so, and serves those that it has.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

describe('an agent under ulimit -n 256', () => {
  it('refuses callers beyond its limit with a clear log, serves the old ones, and takes new ones when these go', async () => {
    await using deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.createEntry('/web');
    const agent = await deployment.startAgent({ shell: 'ulimit -n 256' });
    const first = await watchingWorkload(deployment.workloadSocket());
    let refused = 0;
    const others = Array.from({ length: 300 }, () =>
      connect(deployment.workloadSocket())
        .on('error', () => undefined)
        .once('close', () => refused++),
    );
    try {
      await until('callers to be refused', () => refused > 250);
      const said = await until('the log to say so', () =>
        agent.reports.find(({ msg }) => msg === 'connection refused'),
      );
      assert.match(String(said['reason']), /^user \d+ has as many connections as one user may have$/);
      await deployment.createEntry('/more');
      await first.waitFor('/more', '/web');
      assert.equal(first.ending, undefined);
      assert.ok(agent.running, agent.stderr);
      assert.ok(agent.stdout.length < 50_000, `${agent.stdout.length} bytes of log`);
    } finally {
      for (const other of others) other.destroy();
    }
    using late = await watchingWorkload(deployment.workloadSocket());
    await late.waitFor('/more', '/web');
    first[Symbol.dispose]();
  }).timeout(40_000);
});
