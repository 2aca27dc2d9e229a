// Node attestation by x509pop between ours and theirs: a real spire-agent at our server, our agent at a real
// spire-server. Both sides attest again when they renew.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, node } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { NodePki, type NodeFiles } from '../support/node-pki.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';
import { program } from './programs.js';
import { startSpireServer, type SpireCommand } from './real-spire-server.js';

const keyTypes = ['ec-p256', 'rsa-2048'] as const;

interface ListedAgent {
  readonly id: { readonly path: string };
  readonly x509svid_serial_number: string;
  readonly selectors: readonly { readonly value: string }[];
}

function named(list: string, name: string): ListedAgent | undefined {
  const { agents } = JSON.parse(list) as { agents: ListedAgent[] };
  return agents.find(({ selectors }) => selectors.some(({ value }) => value === `subject:cn:${name}`));
}

/** What both servers have to say of a node of this PKI. */
function checkAgent(agent: ListedAgent, name: string): void {
  assert.match(agent.id.path, /^\/spire\/agent\/x509pop\/[0-9a-f]{40}$/);
  const kinds = agent.selectors.map(({ value }) => value.replace(/[0-9a-f]{30,}$/, ''));
  assert.deepEqual(kinds.sort(), [
    'ca:fingerprint:',
    'ca:fingerprint:',
    `san:rack:${name}`,
    'serialnumber:',
    `subject:cn:${name}`,
  ]);
}

describe('x509pop: a real spire-agent on our server', function () {
  let deployment: Deployment;
  let spireAgent: string;
  let pki: NodePki;

  before(async function () {
    spireAgent = program(this, 'spire-agent');
    deployment = await Deployment.create();
    pki = await NodePki.create(deployment.folder);
    await deployment.startServer({
      config: { agent_ttl: '12s', ratelimit: { attestation: false } },
      plugins: { NodeAttestor: { x509pop: { plugin_data: { ca_bundle_path: pki.bundlePath } } } },
    });
    await deployment.writeBundle();
  });
  after(() => deployment[Symbol.asyncDispose]());

  const config = (name: string, files: NodeFiles): string => `
agent {
  data_dir = "${join(deployment.folder, name)}"
  log_level = "DEBUG"
  server_address = "127.0.0.1"
  server_port = "${String(deployment.port)}"
  socket_path = "${join(deployment.folder, name)}.sock"
  trust_bundle_path = "${join(deployment.folder, 'bundle.pem')}"
  trust_domain = "${trustDomain}"
  experimental { sync_interval = "1s" }
}
plugins {
  NodeAttestor "x509pop" { plugin_data {
    private_key_path = "${files.private_key_path}"
    certificate_path = "${files.certificate_path}"
    intermediates_path = "${files.intermediates_path}"
  } }
  KeyManager "memory" { plugin_data {} }
  WorkloadAttestor "unix" { plugin_data {} }
}`;

  for (const keyType of keyTypes) {
    it(`joins with a key of the type ${keyType}, and attests again in time`, async () => {
      const file = join(deployment.folder, `${keyType}.conf`);
      await writeFile(file, config(keyType, await pki.node(keyType, { keyType })));
      const agent = deployment.track(new Child(spireAgent, ['run', '-config', file]));
      const found = async () => named(await deployment.admin('agent', 'list', '--output', 'json'), keyType);
      const first = await until('it to attest', async () => {
        if (!agent.running) throw new Error(`it ended: ${agent.stdout.slice(-3000)}`);
        return found();
      });
      checkAgent(first, keyType);
      await until(
        'a new agent SVID',
        async () => (await found())?.x509svid_serial_number !== first.x509svid_serial_number,
        30,
      );
      assert.ok(agent.running, agent.stdout.slice(-3000));
      await agent.stop();
    });
  }
});

describe('x509pop: our agent on a real spire-server', function () {
  let deployment: Deployment;
  let spire: SpireCommand;
  let pki: NodePki;

  before(async function () {
    deployment = await Deployment.create();
    pki = await NodePki.create(deployment.folder);
    spire = await startSpireServer(this, deployment, {
      server: 'agent_ttl = "12s"\n  ratelimit { attestation = false }',
      nodeAttestor: `NodeAttestor "x509pop" { plugin_data { ca_bundle_path = "${pki.bundlePath}" } }`,
    });
    await writeFile(join(deployment.folder, 'bundle.pem'), (await spire('bundle', 'show')).stdout);
  });
  after(() => deployment[Symbol.asyncDispose]());

  for (const keyType of keyTypes) {
    it(`joins with a key of the type ${keyType}, and attests again in time`, async () => {
      const file = join(deployment.folder, `${keyType}.yaml`);
      const plugin_data = await pki.node(keyType, { keyType });
      await writeFile(file, JSON.stringify({ plugins: { NodeAttestor: { x509pop: { plugin_data } } } }));
      const agent = deployment.track(
        node(join(repository, 'packages/agent/bin/credence-agent.js'), [
          ...['run', '--config', file, '--trust-domain', trustDomain, '--server-address', '127.0.0.1'],
          ...['--server-port', String(deployment.port), '--trust-bundle', join(deployment.folder, 'bundle.pem')],
          ...['--data-dir', deployment.agentDataDir(keyType), '--socket-path', deployment.workloadSocket(keyType)],
        ]),
      );
      const found = async () => named((await spire('agent', 'list', '-output', 'json')).stdout, keyType);
      const first = await until('our agent to attest', async () => {
        if (!agent.running) throw new Error(`it ended: ${agent.stdout}${agent.stderr}`);
        return found();
      });
      checkAgent(first, keyType);
      await until(
        'a new agent SVID',
        async () => (await found())?.x509svid_serial_number !== first.x509svid_serial_number,
        30,
      );
      assert.ok(agent.running, agent.stdout);
      await agent.stop();
    });
  }
});
