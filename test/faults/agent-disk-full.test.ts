// No room on the agent's disk: it serves on, goes on with the SVID that it has, and catches up as soon as there is room.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

describe('an agent whose disk is full', () => {
  it('serves new identities and its old SVID, says so, and renews it and writes what it holds when there is room', async () => {
    await using deployment = await Deployment.create();
    // Renewed after about ten seconds; the next attempt is five seconds later.
    await deployment.startServer({ config: { agent_ttl: '20s' } });
    await deployment.createEntry('/web');
    const agent = await deployment.startAgent({ config: { persist_workload_identities: true } });
    using workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/web');
    const file = join(deployment.agentDataDir(), 'workload-identities.sealed');
    await until('the identities to be on disk', () => existsSync(file));
    const limit = (bytes: string): Promise<unknown> =>
      promisify(execFile)('prlimit', ['--pid', String(agent.pid), `--fsize=${bytes}:`]);
    const says = (text: string): number => agent.reports.filter(({ msg }) => msg === text).length;

    await limit('16');
    await until('the renewal to fail', () => says('agent SVID could not be renewed') > 0);
    const renewals = says('agent SVID renewed');
    await deployment.createEntry('/late');
    await workload.waitFor('/late', '/web');
    assert.equal(says('agent SVID renewed'), renewals);

    await limit('unlimited');
    await until('the renewal', () => says('agent SVID renewed') > renewals, 20);
    await deployment.createEntry('/later');
    await workload.waitFor('/late', '/later', '/web');
    assert.equal(workload.ending, undefined);
    await agent.stop('SIGKILL');
    await deployment.launchAgent({ token: false, config: { persist_workload_identities: true } });
    using again = await watchingWorkload(deployment.workloadSocket());
    await again.waitFor('/late', '/later', '/web');
  }).timeout(60_000);
});
