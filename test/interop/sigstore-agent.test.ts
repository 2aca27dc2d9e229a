// A container whose image cosign signed, on our agent. Only where the test may mount: the agent sees the control group that
// the test wants it to see.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containerId, containerOf, FakeEngine, imageId } from '../../packages/agent/dist-test/support/fake-engine.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { WorkloadProcess } from '../support/workload-process.js';
import { PrivateSigstore, releaseWorkflow, tagged, workflow } from './private-sigstore.js';
import { endOf, program } from './programs.js';

const mayMount = spawnSync('unshare', ['--mount', 'true']).status === 0;

(mayMount ? describe : xdescribe)('the agent and an image that cosign signed', function () {
  let sigstore: PrivateSigstore;
  let deployment: Deployment;
  let engine: FakeEngine;
  let workload: WorkloadProcess;

  before(async function () {
    sigstore = await PrivateSigstore.start(program(this, 'sigstore-peer'));
    deployment = await Deployment.create();
    engine = await FakeEngine.start();
    workload = await WorkloadProcess.start();
    engine.containers.set(containerId, containerOf(workload.pid));
  });
  after(() => endOf(workload, deployment, engine, sigstore));

  // What `sigstore` says in the agent's configuration.
  const keys = () => ({
    allowed_identities: { [sigstore.issuer(workflow)]: ['https://github.com/example/app/.*'] },
    trusted_root_path: sigstore.file('trusted_root.json'),
  });

  async function startAgent(adminSocket: string): Promise<void> {
    const cgroup = join(deployment.folder, 'cgroup');
    await writeFile(cgroup, `0::/system.slice/docker-${containerId}.scope\n`);
    const mount = `mount --bind ${cgroup} /proc/${workload.pid}/cgroup`;
    // SPIRE takes registries on loopback as they come.
    const ours = { ...keys(), insecure_registries: [sigstore.addresses.registries.open] };
    const docker = { plugin_data: { docker_socket_path: `unix://${engine.socketPath}`, sigstore: ours } };
    await deployment.startServer();
    await deployment.startAgent({
      config: { admin_socket_path: adminSocket },
      plugins: { WorkloadAttestor: { docker } },
      shell: `exec unshare --mount sh -c '${mount}; exec "$0" "$@"' "$0" "$@"`,
    });
  }

  it('gives a workload what the signer of its image is entitled to, and explain shows all that is known of it', async () => {
    const image = await sigstore.push();
    await sigstore.endorse(image, workflow, tagged);
    engine.images.set(imageId, { Id: imageId, RepoDigests: [image] });
    const adminSocket = join(deployment.folder, 'admin', 'admin.sock');
    await startAgent(adminSocket);
    await deployment.createEntry('/released', '--selector', `docker:image-signature-subject:${releaseWorkflow}`);
    await workload.connect(deployment.workloadSocket());
    await until('the entry to reach the agent', async () => {
      const { spiffeIds } = await workload.fetch();
      return spiffeIds?.[0] === 'spiffe://example.org/released';
    });
    const flags = ['--socket-path', adminSocket, '--pid', String(workload.pid)];
    const { code, stdout, stderr } = await deployment.agent('explain', ...flags);
    assert.equal(code, 0, stderr);
    const { selectors } = await sigstore.spire(image, keys());
    const told = [...stdout.matchAll(/^ {4}docker:(image-(?:signature|attestations).*)$/gm)];
    assert.deepEqual(new Set(told.map(([, selector]) => selector)), selectors);
  });
});
