// A server that rings: what an operator changes is with the workload at once. The agents here ask by themselves only
// once an hour, so that whatever arrives was rung for.
import assert from 'node:assert/strict';
import { Admin } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload, type WatchingWorkload } from '../support/watching-workload.js';

const hourly = { experimental: { sync_interval: '1h' }, log_level: 'debug' };

describe('a change at the server', () => {
  let deployment: Deployment;
  let server: Child;
  let agent: Child;
  let workload: WatchingWorkload;

  beforeEach(async () => {
    deployment = await Deployment.create();
    server = await deployment.startServer({ config: { log_level: 'debug' } });
    await deployment.createEntry('/first');
    agent = await deployment.startAgent({ config: hourly });
    workload = await watchingWorkload(deployment.workloadSocket());
    await watched(1);
  });

  afterEach(async () => {
    workload[Symbol.dispose]();
    await deployment[Symbol.asyncDispose]();
  });

  const watched = (times: number): Promise<boolean> =>
    until(
      'the agent to watch',
      () => agent.reports.filter(({ msg }) => msg === 'watching the server for changes').length >= times,
    );

  it('is with the workload at once: an entry that is created, updated and deleted', async () => {
    const id = await deployment.createEntry('/second');
    await workload.waitFor('/first', '/second');
    const changed = ['--spiffe-id', 'spiffe://example.org/other', '--parent-id', 'spiffe://example.org/agent'];
    const selector = ['--selector', `unix:uid:${String(process.getuid?.())}`];
    await deployment.admin('entry', 'update', '--entry-id', id, ...changed, ...selector);
    await workload.waitFor('/first', '/other');
    await deployment.admin('entry', 'delete', '--entry-id', id);
    await workload.waitFor('/first');
    assert.equal(workload.ending, undefined);
    const called = (method: string): number => server.reports.filter((report) => report['method'] === method).length;
    assert.ok(called('GetEntries') >= 3, 'each change is asked for by its entry');
  });

  it('is with the workload after the server was away', async () => {
    await server.stop('SIGKILL');
    server = await deployment.startServer();
    await watched(2);
    await deployment.createEntry('/second');
    await workload.waitFor('/first', '/second');
  });

  it('does not keep a server from ending that is told to', async () => {
    const began = performance.now();
    await server.stop('SIGTERM');
    assert.ok(performance.now() - began < 5000);
  });

  it('is with the agent itself: one that is banned ends at once', async () => {
    using admin = new Admin(deployment.adminSocket);
    const [id = ''] = await admin.agentIds();
    await deployment.admin('agent', 'ban', '--spiffe-id', id);
    await until('the agent to end', () => !agent.running);
    assert.match(agent.stdout + agent.stderr, /AGENT_BANNED/);
  });
});
