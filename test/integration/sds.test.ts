// Envoy's secret discovery service of a real agent, asked as Envoy asks: what an operator does at the server reaches the
// open streams.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { X509Svid } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import type { SecretDiscoveryServiceClient } from '@credence/sdk/wire/gen/envoy/service/secret/v3/SecretDiscoveryService.js';
import type { DiscoveryResponse__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryResponse.js';
import {
  readSecret,
  SecretStream,
  secretsClient,
  type DeltaStream,
  type ReadSecret,
  type SotwStream,
} from '../../packages/agent/dist-test/support/secrets.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';

const refused = /^workload is not authorized for the requested identities \["default"\]$/;

describe('the secret discovery service of an agent', () => {
  let deployment: Deployment;
  let agent: Child;
  let client: SecretDiscoveryServiceClient;

  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    agent = await deployment.startAgent();
    client = secretsClient(deployment.workloadSocket());
  });

  after(async () => {
    client.close();
    await deployment[Symbol.asyncDispose]();
  });

  const open = (): SotwStream => new SecretStream(client.StreamSecrets());
  const openDelta = (): DeltaStream => new SecretStream(client.DeltaSecrets());
  const secretsIn = ({ resources }: DiscoveryResponse__Output): readonly ReadSecret[] => resources.map(readSecret);
  const deleteEntry = (id: string): Promise<string> => deployment.admin('entry', 'delete', '--entry-id', id);

  it('refuses a process without an identity, and serves it once there is an entry', async () => {
    const early = open();
    early.send({ resource_names: ['default'] });
    const { code, details } = await early.reader.failure();
    assert.equal(code, 3);
    assert.match(details, refused);
    await deployment.createEntry('/web');
    const served = await until('the entry to be served', async () => {
      const stream = open();
      try {
        return await stream.ask({ resource_names: ['default', 'ROOTCA'] });
      } catch {
        return undefined;
      }
    });
    const [certificate, roots] = secretsIn(served);
    const svid = X509Svid.parse(certificate?.chain ?? '', certificate?.key ?? '');
    assert.equal(svid.id.toString(), 'spiffe://example.org/web');
    assert.equal(roots?.trustDomains?.['example.org'], await deployment.admin('bundle', 'show'));
  });

  it('sends an identity that comes later to the stream that waits for it, and takes nothing back when it goes', async () => {
    const name = 'spiffe://example.org/late';
    const [waiting, delta] = [open(), openDelta()];
    waiting.send({ resource_names: [name], node: { id: 'edge' } });
    assert.deepEqual((await delta.ask({ resource_names_subscribe: [name] })).removed_resources, [name]);
    await until('the agent to say what it holds back', () =>
      agent.reports.some(({ names, node }) => names === `"${name}"` && node === 'edge'),
    );
    const id = await deployment.createEntry('/late');
    assert.deepEqual(
      secretsIn(await waiting.reader.next()).map((secret) => secret.name),
      [name],
    );
    assert.deepEqual(
      (await delta.reader.next()).resources.map((resource) => resource.name),
      [name],
    );
    await deleteEntry(id);
    assert.deepEqual((await delta.reader.next()).removed_resources, [name]);
    const again = await deployment.createEntry('/late');
    const second = await waiting.reader.next();
    assert.deepEqual([second.version_info, secretsIn(second).length], ['2', 1]);
    assert.deepEqual(
      (await delta.reader.next()).resources.map((resource) => resource.name),
      [name],
    );
    await deleteEntry(again);
  });

  it('pushes each new SVID, and not the bundle with it', async () => {
    const id = await deployment.createEntry('/short', '--x509-svid-ttl', '4');
    const [svids, roots] = [open(), open()];
    await roots.ask({ resource_names: ['ROOTCA'] });
    const first = await svids.ask({ resource_names: ['spiffe://example.org/short'] });
    const second = await svids.reader.next();
    assert.notEqual(secretsIn(second)[0]?.chain, secretsIn(first)[0]?.chain);
    assert.equal(second.version_info, '2');
    assert.equal(roots.reader.waiting, 0);
    await deleteEntry(id);
  });

  it('sends the bundles of federated trust domains, each for itself', async () => {
    const all = open();
    const alone = secretsIn(await all.ask({ resource_names: ['ALL'] }))[0]?.trustDomains ?? {};
    assert.deepEqual(Object.keys(alone), ['example.org']);
    const partner = await TestCa.create('partner.example');
    const path = join(deployment.folder, 'partner.pem');
    await writeFile(path, partner.bundle().toPem());
    await deployment.admin('bundle', 'set', '--id', 'partner.example', '--path', path);
    await deployment.createEntry('/friend', '--federates-with', 'partner.example');
    const { trustDomains = {} } = secretsIn(await all.reader.next())[0] ?? {};
    assert.deepEqual(trustDomains, { ...alone, 'partner.example': partner.bundle().toPem() });
    const foreign = secretsIn(await open().ask({ resource_names: ['spiffe://partner.example'] }));
    assert.deepEqual(foreign[0]?.trustDomains, { 'partner.example': partner.bundle().toPem() });
  });

  it("logs Envoy's own words when it refuses a secret", async () => {
    const stream = open();
    const { nonce } = await stream.ask({ resource_names: ['ROOTCA'], node: { id: 'edge' } });
    const error_detail = { code: 3, message: 'Failed to load trusted CA' };
    stream.send({ resource_names: ['ROOTCA'], response_nonce: nonce, error_detail });
    const report = await until('the log', () => agent.reports.find(({ msg }) => msg === 'Envoy refused secrets'));
    assert.deepEqual([report['node'], report['names'], report['reason']], ['edge', '"ROOTCA"', error_detail.message]);
  });
});
