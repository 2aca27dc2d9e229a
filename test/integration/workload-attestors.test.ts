// A real agent whose configuration wants docker and systemd, and daemons that speak their protocols. Only where the test
// may mount: the agent sees the control group that the test wants it to see. The attestors' own tests run everywhere.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerId, containerOf, FakeEngine, imageId } from '../../packages/agent/dist-test/support/fake-engine.js';
import { FakeRegistry, imageDigest } from '../../packages/agent/dist-test/support/fake-registry.js';
import { FakeSigstore, signer } from '../../packages/agent/dist-test/support/fake-sigstore.js';
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

  before(async () => {
    deployment = await Deployment.create();
    [engine, bus, workload] = [await FakeEngine.start(), await FakeMessageBus.start(), await WorkloadProcess.start()];
    bus.units.set(workload.pid, { Id: 'web.service', FragmentPath: '/etc/systemd/system/web.service' });
    await deployment.startServer();
    await deployment.createEntry('/container', '--selector', 'docker:label:com.example.team:payments');
    await deployment.createEntry('/unit', '--selector', 'systemd:id:web.service');
    agent = await startAgent('agent', `/system.slice/docker-${containerId}.scope`, {});
    await workload.connect(deployment.workloadSocket());
  });

  after(async () => {
    await workload[Symbol.asyncDispose]();
    await deployment[Symbol.asyncDispose]();
    await bus[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  // An agent that sees the workload in this control group, and the keys of docker beside the socket.
  async function startAgent(name: string, group: string, keys: object): Promise<Child> {
    const cgroup = join(deployment.folder, `${name}.cgroup`);
    await writeFile(cgroup, `0::${group}\n`);
    const mount = `mount --bind ${cgroup} /proc/${workload.pid}/cgroup`;
    const plugin_data = { docker_socket_path: `unix://${engine.socketPath}`, ...keys };
    return deployment.startAgent({
      name,
      alias: '/agent',
      config: { admin_socket_path: adminSocket(name), log_level: 'debug' },
      plugins: { WorkloadAttestor: { docker: { plugin_data }, systemd: {} } },
      shell: [
        `export DBUS_SYSTEM_BUS_ADDRESS=unix:path=${bus.socketPath}`,
        `exec unshare --mount sh -c '${mount}; exec "$0" "$@"' "$0" "$@"`,
      ].join('; '),
    });
  }

  const adminSocket = (name: string): string => join(deployment.folder, name, 'private', 'admin.sock');
  const identities = async (): Promise<readonly string[]> => [...((await workload.fetch()).spiffeIds ?? [])].sort();
  const failures = (attestor: string): readonly Record<string, unknown>[] =>
    agent.reports.filter(({ msg, attestor: name }) => msg === 'workload attestor failed' && name === attestor);

  async function explain(name = 'agent'): Promise<string> {
    const flags = ['--socket-path', adminSocket(name), '--pid', String(workload.pid)];
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
    bus.misbehave = () => false;
  });

  it('finds and proves a container by the patterns of its configuration, and logs where it looked', async () => {
    const group = `/engines/one/${containerId}`;
    agent = await startAgent('patterns', group, {
      use_new_container_locator: false,
      container_id_cgroup_matchers: ['/docker/<id>', '/engines/*/<id>'],
      verbose_container_locator_logs: true,
    });
    await workload.connect(deployment.workloadSocket('patterns'));
    assert.deepEqual(await identities(), ['spiffe://example.org/container', 'spiffe://example.org/unit']);
    const seen = agent.reports.find(({ msg, pid }) => msg === 'control groups of a process' && pid === workload.pid);
    assert.deepEqual(seen?.['paths'], [group]);
    engine.containers.set(containerId, containerOf(process.pid));
    assert.deepEqual(await identities(), ['spiffe://example.org/unit']);
    assert.match(JSON.stringify(failures('docker')), /only seems to be in container/);
  });

  it('finds who signed an image, and gives nothing of docker to one that nobody signed', async () => {
    await using registry = await FakeRegistry.start();
    const sigstore = new FakeSigstore();
    const trusted_root_path = join(deployment.folder, 'trusted_root.json');
    await writeFile(trusted_root_path, await sigstore.trustedRoot());
    registry.pushSignatures(await sigstore.signature(imageDigest));
    registry.pushAttestations(await sigstore.attestation(imageDigest));
    engine.containers.set(containerId, containerOf(workload.pid));
    engine.images.set(imageId, { Id: imageId, RepoDigests: [registry.image] });
    const selectors = [`image-signature-subject:${signer.subject}`, 'image-attestations:verified'];
    await deployment.createEntry('/signed', ...selectors.flatMap((value) => ['--selector', `docker:${value}`]));
    const allowed_identities = { [signer.issuer]: ['https://ci\\.example/app/.*'] };
    agent = await startAgent('signed', `/docker/${containerId}`, {
      sigstore: { allowed_identities, trusted_root_path, insecure_registries: [registry.host] },
    });
    await workload.connect(deployment.workloadSocket('signed'));
    const [container, signed, unit] = ['/container', '/signed', '/unit'].map((path) => `spiffe://example.org${path}`);
    assert.deepEqual(await identities(), [container, signed, unit]);
    assert.match(await explain('signed'), /\n {4}docker:image-signature:verified\n/);
    engine.images.set(imageId, { Id: imageId, RepoDigests: [`${registry.host}/app@sha256:${'0'.repeat(64)}`] });
    assert.deepEqual(await identities(), [unit]);
    assert.match(await explain('signed'), /\n {2}docker: failed.*: the registry has no signature of 127\.0\.0\.1:/);
  });
});
