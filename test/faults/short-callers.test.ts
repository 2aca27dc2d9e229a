// Processes that connect and exit at once: the agent holds nothing for them afterwards.
import assert from 'node:assert/strict';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { openDescriptors, residentMiB } from '../support/memory.js';
import { shortCaller } from '../support/short-caller.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

const connections = 10_000;
const each = 200;
const atOnce = 4;

describe('ten thousand connections of processes that exit at once', () => {
  let deployment: Deployment;
  let agent: Child;

  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.createEntry('/web');
    agent = await deployment.startAgent();
  });

  after(() => deployment[Symbol.asyncDispose]());

  it('leave the agent with the descriptors and about the memory that it had, serving', async () => {
    using workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/web');
    const [descriptors, memory] = [openDescriptors(agent), residentMiB(agent)];
    let made = 0;
    const callers = async (): Promise<void> => {
      while (made < connections) {
        const { stdout } = await deployment.track(shortCaller(deployment.workloadSocket(), each)).finished;
        made += Number(stdout);
        assert.ok(agent.running, agent.stderr);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, callers));
    await until('their descriptors to be given back', () => openDescriptors(agent) <= descriptors + 2);
    assert.ok(residentMiB(agent) - memory < 100, `from ${memory} to ${residentMiB(agent)} MiB`);
    await deployment.createEntry('/more');
    await workload.waitFor('/more', '/web');
    assert.equal(workload.ending, undefined);
  }).timeout(60_000);
});
