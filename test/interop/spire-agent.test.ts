// A real spire-agent joins our server, and serves workloads from it.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Svid } from '@credence/sdk';
import { Child } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { program } from './programs.js';

describe('a real spire-agent on our server', function () {
  let deployment: Deployment;
  let spireAgent: string;
  let goPeer: string;
  let socket: string;
  let configFile: string;

  before(async function () {
    spireAgent = program(this, 'spire-agent');
    goPeer = program(this, 'go-peer');
    deployment = await Deployment.create();
    await deployment.startServer();
    socket = join(deployment.folder, 'spire-agent.sock');
    configFile = join(deployment.folder, 'spire-agent.conf');
    const bundle = join(deployment.folder, 'bundle.pem');
    await writeFile(bundle, await deployment.admin('bundle', 'show'));
    await writeFile(configFile, config(bundle));
  });
  after(() => deployment[Symbol.asyncDispose]());

  const config = (bundle: string): string => `
agent {
  data_dir = "${join(deployment.folder, 'spire-agent')}"
  log_level = "DEBUG"
  server_address = "127.0.0.1"
  server_port = "${String(deployment.port)}"
  socket_path = "${socket}"
  trust_bundle_path = "${bundle}"
  trust_domain = "${trustDomain}"
  experimental { sync_interval = "1s" }
}
plugins {
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "disk" { plugin_data { directory = "${join(deployment.folder, 'spire-agent')}" } }
  WorkloadAttestor "unix" { plugin_data {} }
}`;

  const start = (...flags: string[]): Child =>
    deployment.track(new Child(spireAgent, ['run', '-config', configFile, ...flags]));
  const serving = (agent: Child) =>
    until(
      'spire-agent to serve',
      async () => {
        if (!agent.running) throw new Error(`it ended: ${agent.stdout.slice(-3000)}`);
        return (await new Child(spireAgent, ['healthcheck', '-socketPath', socket]).finished).code === 0;
      },
      30,
    );
  const watch = (): Child =>
    deployment.track(
      new Child(goPeer, ['watch'], { env: { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` } }),
    );

  it('joins by token, gets entries and X.509-SVIDs, renews them, survives restarts on both sides, and serves our helper', async () => {
    const token = (
      await deployment.admin('token', 'generate', '-spiffeID', `spiffe://${trustDomain}/spire-node`)
    ).split(' ')[1]!;
    await deployment.createEntry(
      '/legacy',
      '--parent-id',
      `spiffe://${trustDomain}/spire-node`,
      '--x509-svid-ttl',
      '8',
    );
    let agent = start('-joinToken', token.trim());
    await serving(agent);

    const workload = watch();
    const [first] = await until('an identity', () => workload.reports.length > 0 && workload.reports, 30);
    assert.deepEqual(first?.['ids'], [`spiffe://${trustDomain}/legacy`]);
    await until(
      'a renewed X.509-SVID',
      () => workload.reports.find((report) => String(report['serials']) !== String(first['serials'])),
      30,
    );

    const second = await deployment.createEntry('/second', '--parent-id', `spiffe://${trustDomain}/spire-node`);
    await until('the second identity', () => String(workload.reports.at(-1)?.['ids']).includes('/second'), 30);
    await deployment.admin('entry', 'delete', '-entryID', second);
    await until('it to be gone', () => !String(workload.reports.at(-1)?.['ids']).includes('/second'), 30);
    await workload.stop();

    await agent.stop();
    agent = start(); // no token: its SVID is alive
    await serving(agent);
    assert.match(await deployment.admin('agent', 'list'), /Found 1 attested agent:/);

    const files = join(deployment.folder, 'helper');
    const helper = await deployment.agent('helper', '--init', '--cert-dir', files, '--socket-path', socket);
    assert.equal(helper.code, 0, helper.stderr);
    const { id } = await X509Svid.load(join(files, 'svid.pem'), join(files, 'svid_key.pem'));
    assert.equal(id.path, '/legacy');
  });

  it('shuts down when it is banned, because our refusal says so', async () => {
    const token = (await deployment.admin('token', 'generate')).split(' ')[1]!.split('\n')[0]!;
    const folder = join(deployment.folder, 'spire-agent-2');
    const other = configFile.replace('.conf', '-2.conf');
    const text = config(join(deployment.folder, 'bundle.pem'))
      .replaceAll(join(deployment.folder, 'spire-agent') + '"', `${folder}"`)
      .replace(socket, `${socket}2`);
    await writeFile(other, text);
    const agent = deployment.track(new Child(spireAgent, ['run', '-config', other, '-joinToken', token]));
    await until('spire-agent to attest', () => agent.stdout.includes('Node attestation was successful'), 30);
    await deployment.admin('agent', 'ban', '-spiffeID', `spiffe://${trustDomain}/spire/agent/join_token/${token}`);
    const { stdout } = await until('spire-agent to end', () => !agent.running && agent.finished, 30);
    assert.match(stdout, /Agent is banned: removing SVID and shutting down/);
  });
});
