// Nodes that attest by X.509 proof of possession, with real processes on both sides.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Deployment, trustDomain } from '../support/deployment.js';
import type { Child } from '../support/child.js';
import { NodePki, otherFormOf, type NodeFiles } from '../support/node-pki.js';
import { until } from '../support/until.js';

interface ListedAgent {
  readonly id: { readonly path: string };
  readonly attestation_type: string;
  readonly can_reattest: boolean;
  readonly x509svid_serial_number: string;
  readonly selectors: readonly { readonly type: string; readonly value: string }[];
}

describe('agents that attest by x509pop', () => {
  let deployment: Deployment;
  let pki: NodePki;

  before(async () => {
    deployment = await Deployment.create();
    pki = await NodePki.create(deployment.folder);
    await deployment.startServer({
      config: { agent_ttl: '8s', ratelimit: { attestation: false } },
      plugins: { NodeAttestor: { x509pop: { plugin_data: { ca_bundle_path: pki.bundlePath } } } },
    });
  });
  after(() => deployment[Symbol.asyncDispose]());

  const agentOptions = async (name: string, files: NodeFiles) => ({
    name,
    token: false,
    plugins: { NodeAttestor: { x509pop: { plugin_data: files } } },
    flags: ['--trust-bundle', await deployment.writeBundle()],
  });
  const start = async (name: string, files: NodeFiles): Promise<Child> =>
    deployment.startAgent(await agentOptions(name, files));
  const agents = async (...flags: string[]): Promise<readonly ListedAgent[]> => {
    const out = await deployment.admin('agent', 'list', '--output', 'json', ...flags);
    return (JSON.parse(out) as { agents: ListedAgent[] }).agents;
  };
  const found = async (name: string): Promise<ListedAgent | undefined> =>
    (await agents()).find(({ selectors }) => selectors.some(({ value }) => value === `subject:cn:${name}`));

  for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    it(`join with a key of the type ${keyType}, and renew by attesting again`, async () => {
      const agent = await start(keyType, await pki.node(keyType, { keyType }));
      const first = await found(keyType);
      assert.ok(first);
      assert.match(first.id.path, /^\/spire\/agent\/x509pop\/[0-9a-f]{40}$/);
      assert.equal(first.attestation_type, 'x509pop');
      assert.equal(first.can_reattest, true);
      const kinds = first.selectors.map(({ value }) => value.split(':').slice(0, 2).join(':'));
      assert.deepEqual(kinds.slice(0, 3), ['subject:cn', 'ca:fingerprint', 'ca:fingerprint']);
      assert.ok(first.selectors.some(({ value }) => value === `san:rack:${keyType}`));
      await until('a renewed agent SVID', async () => {
        const serial = (await found(keyType))?.x509svid_serial_number;
        return serial !== undefined && serial !== first.x509svid_serial_number;
      });
      assert.ok(agent.running);
      await agent.stop();
    });
  }

  it('are grouped by a node alias, under which their workloads are registered', async () => {
    const agent = await start('aliased', await pki.node('aliased'));
    await deployment.admin(
      ...['entry', 'create', '--node', '--spiffe-id', `spiffe://${trustDomain}/rack`],
      ...['--selector', 'x509pop:san:rack:aliased'],
    );
    await deployment.createEntry('/in-the-rack', '--parent-id', `spiffe://${trustDomain}/rack`);
    await until('the identity', async () => {
      const { stdout } = await deployment.agent(
        'api',
        'fetch',
        'x509',
        '--socket-path',
        deployment.workloadSocket('aliased'),
      );
      return stdout.includes(`spiffe://${trustDomain}/in-the-rack`);
    });
    await agent.stop();
  });

  it('attest again by themselves when they are evicted, and end when they are banned', async () => {
    const agent = await start('evicted', await pki.node('evicted'));
    const id = `spiffe://${trustDomain}${(await found('evicted'))?.id.path ?? ''}`;
    await deployment.admin('agent', 'evict', '--spiffe-id', id);
    await until('it to be back', () => found('evicted'));
    assert.ok(agent.running);
    await deployment.admin('agent', 'ban', '--spiffe-id', id);
    const { code, stderr } = await until('it to end', () => !agent.running && agent.finished);
    assert.notEqual(code, 0);
    assert.match(stderr, /AGENT_BANNED.*agent evict.*start the agent again/s);
  });

  it('are banned, and known, under both forms that an ECDSA certificate has', async () => {
    const files = await pki.node('twofold');
    const other = join(deployment.folder, 'twofold-other.pem');
    await writeFile(other, otherFormOf(await readFile(files.certificate_path, 'utf8')));
    const agent = await start('twofold', files);
    const id = `spiffe://${trustDomain}${(await found('twofold'))?.id.path ?? ''}`;
    await agent.stop();
    const inDisguise = async (name: string): Promise<string> => {
      const options = await agentOptions(name, { ...files, certificate_path: other });
      return (await (await deployment.launchAgent(options)).finished).stderr;
    };
    assert.match(await inDisguise('known'), new RegExp(`the node is known as ${id}`));
    await deployment.admin('agent', 'ban', '--spiffe-id', id);
    assert.match(await inDisguise('banned'), /failed to attest: agent is banned/);
    // The positive twin: with the first form forgotten, the other one is as good.
    await deployment.admin('agent', 'evict', '--spiffe-id', id);
    await (await start('disguised', { ...files, certificate_path: other })).stop();
  });

  it('are refused with a certificate of another PKI, and told why', async () => {
    const other = await NodePki.create(deployment.folder, 'other');
    const agent = await deployment.launchAgent(await agentOptions('stranger', await other.node('stranger')));
    const { code, stderr } = await agent.finished;
    assert.notEqual(code, 0);
    assert.match(
      stderr,
      /nodeattestor\(x509pop\): certificate verification failed: .*an authority that the server trusts/s,
    );
    assert.equal(await found('stranger'), undefined);
  });
});
