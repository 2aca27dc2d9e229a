// A real agent whose configuration wants docker and systemd, and daemons that speak their protocols. Only where the test
// may mount: the agent sees the control group that the test wants it to see. The attestors' own tests run everywhere.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerId, containerOf, FakeEngine } from '../../packages/agent/dist-test/support/fake-engine.js';
import { FakeMessageBus } from '../../packages/agent/dist-test/support/fake-message-bus.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { WorkloadProcess } from '../support/workload-process.js';

const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

(mayMount ? describe : xdescribe)('the agent with the workload attestors docker and systemd', function () {
  this.timeout(60_000);
  let deployment: Deployment;
  let engine: FakeEngine;
  let bus: FakeMessageBus;
  let workload: WorkloadProcess;
  let agent: Child;
  let adminSocket: string;

  before(async () => {
    deployment = await Deployment.create();
    adminSocket = join(deployment.folder, 'agent', 'private', 'admin.sock');
    [engine, bus, workload] = [await FakeEngine.start(), await FakeMessageBus.start(), await WorkloadProcess.start()];
    bus.units.set(workload.pid, { Id: 'web.service', FragmentPath: '/etc/systemd/system/web.service' });
    await deployment.startServer();
    await deployment.createEntry('/container', '--selector', 'docker:label:com.example.team:payments');
    await deployment.createEntry('/unit', '--selector', 'systemd:id:web.service');
    const cgroup = join(deployment.folder, 'cgroup');
    await writeFile(cgroup, `0::/system.slice/docker-${containerId}.scope\n`);
    const mount = `mount --bind ${cgroup} /proc/${workload.pid}/cgroup`;
    const plugin_data = { docker_socket_path: `unix://${engine.socketPath}` };
    agent = await deployment.startAgent({
      config: { admin_socket_path: adminSocket },
      plugins: { WorkloadAttestor: { docker: { plugin_data }, systemd: {} } },
      shell: [
        `export DBUS_SYSTEM_BUS_ADDRESS=unix:path=${bus.socketPath}`,
        `exec unshare --mount sh -c '${mount}; exec "$0" "$@"' "$0" "$@"`,
      ].join('; '),
    });
    await workload.connect(deployment.workloadSocket());
  });

  after(async () => {
    await workload[Symbol.asyncDispose]();
    await deployment[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  const identities = async (): Promise<readonly string[]> => [...((await workload.fetch()).spiffeIds ?? [])].sort();
  const failures = (attestor: string): readonly Record<string, unknown>[] =>
    agent.reports.filter(({ msg, attestor: name }) => msg === 'workload attestor failed' && name === attestor);

  async function explain(): Promise<string> {
    const flags = ['--socket-path', adminSocket, '--pid', String(workload.pid)];
    const { code, stdout, stderr } = await deployment.agent('explain', ...flags);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  it('gives a workload what its container and its unit are entitled to', async () => {
    engine.containers.set(containerId, containerOf(workload.pid));
    assert.deepEqual(await identities(), ['spiffe://example.org/container', 'spiffe://example.org/unit']);
  });

  it('gives a process that only calls its control group like a container nothing of the container', async () => {
    engine.containers.set(containerId, containerOf(process.pid));
    assert.deepEqual(await identities(), ['spiffe://example.org/unit']);
    assert.match(JSON.stringify(failures('docker')), /only seems to be in container/);
  });

  it('goes on after five seconds without a daemon that hangs, and explain names it', async () => {
    engine.misbehave = () => true;
    const begin = performance.now();
    const explained = explain();
    assert.deepEqual(await identities(), ['spiffe://example.org/unit']);
    const seconds = (performance.now() - begin) / 1000;
    assert.ok(seconds > 4 && seconds < 10, `${seconds} s`);
    const told = await explained;
    assert.match(told, /\n {2}docker: failed after [45]\d{3} ms: no answer in time\n/);
    assert.match(told, /\n {2}systemd: found\n {4}systemd:id:web\.service\n/);
    assert.match(told, /\n {2}missing selector docker:label:com\.example\.team:payments: docker failed\n/);
    engine.misbehave = () => false;
  });

  it('goes on without a bus', async () => {
    bus.misbehave = (_, socket) => socket.destroy().destroyed;
    engine.containers.set(containerId, containerOf(workload.pid));
    assert.deepEqual(await identities(), ['spiffe://example.org/container']);
    assert.equal(failures('systemd').length, 1);
  });
});
