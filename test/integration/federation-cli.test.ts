// The commands for federated bundles and federation relationships, as an operator types them.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { TestCa } from '@credence/sdk/testing';
import { Admin } from '../support/admin.js';
import { node } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { repository } from '../support/source-tree.js';

describe('credence-server, federation', function () {
  this.timeout(60_000);
  let deployment: Deployment;
  let ca: TestCa;

  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    ca = await TestCa.create('partner.example');
  });
  after(() => deployment[Symbol.asyncDispose]());

  /** Runs a command with this standard input. */
  const runWith = async (input: string, ...args: string[]): Promise<string> => {
    const env = { ...process.env, CREDENCE_SERVER_SOCKET: deployment.adminSocket };
    await using child = node(join(repository, 'packages/server/bin/credence-server.js'), args, { env });
    child.process.stdin?.end(input);
    const { code, stdout, stderr } = await child.finished;
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const pem = (): string => ca.certificate.toPem();

  it('keeps bundles: set, list, count and delete (FED-4.2-d)', async () => {
    const run = deployment.admin.bind(deployment);
    assert.equal(await run('bundle', 'count'), '1 bundle\n');
    assert.equal(await runWith(pem(), 'bundle', 'set', '--id', 'partner.example'), 'bundle set.\n');
    const stars = '*'.repeat(40);
    assert.equal(await run('bundle', 'list'), `${stars}\n* partner.example\n${stars}\n${pem()}`);
    assert.equal(await run('bundle', 'list', '--id', 'spiffe://partner.example'), pem());
    const file = join(deployment.folder, 'partner.json');
    await writeFile(file, ca.spiffeBundle({ sequenceNumber: 2n ** 64n - 1n, refreshHintMs: 60_000 }).toJson());
    await run('bundle', 'set', '--id', 'partner.example', '--path', file, '--format', 'spiffe');
    const shown = await run('bundle', 'list', '--id', 'partner.example', '--format', 'spiffe');
    assert.match(shown, /"spiffe_sequence": 18446744073709551615,\n {4}"spiffe_refresh_hint": 60\n}\n$/);
    assert.equal(await run('bundle', 'count'), '2 bundles\n');
    assert.equal(await run('bundle', 'delete', '--id', 'partner.example'), 'bundle deleted.\n');
    const { code, stderr } = await deployment.server('bundle', 'delete', '--id', 'partner.example');
    assert.deepEqual([code, stderr.includes('bundle not found')], [1, true]);
  });

  it('lists bundles of any size, which their publishers choose', async () => {
    const n = Buffer.alloc(1024, 0xff).toString('base64url');
    const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
    const publicKey = key.export({ type: 'spki', format: 'der' });
    using admin = new Admin(deployment.adminSocket);
    const names = ['large-1.example', 'large-2.example'];
    for (const name of names) {
      const keys = Array.from({ length: 1700 }, (_, i) => ({
        public_key: publicKey,
        key_id: String(i).padStart(255, 'k'),
      }));
      const bundle = [{ trust_domain: name, jwt_authorities: keys }];
      const { results } = await call(admin.bundles, 'BatchSetFederatedBundle', { bundle, output_mask: {} });
      assert.equal(results[0]?.status?.code, status.OK, results[0]?.status?.message);
    }
    const listed = await deployment.admin('bundle', 'list', '--format', 'spiffe');
    assert.ok(listed.length > 4 * 1024 * 1024);
    for (const name of names) {
      assert.match(listed, new RegExp(`^\\* ${name}$`, 'm'));
      await deployment.admin('bundle', 'delete', '--id', name);
    }
  });

  it('lets entries federate only with bundles that are there, and parts or deletes them with the bundle', async () => {
    const run = deployment.admin.bind(deployment);
    await assert.rejects(deployment.createEntry('/early', '--federates-with', 'partner.example'));
    await runWith(pem(), 'bundle', 'set', '--id', 'partner.example');
    await deployment.createEntry('/web', '--federates-with', 'partner.example');
    await assert.rejects(run('bundle', 'delete', '--id', 'partner.example'), /federated with 1 registration entries/);
    await run('bundle', 'delete', '--id', 'partner.example', '--mode', 'dissociate');
    assert.doesNotMatch(await run('entry', 'show'), /FederatesWith/);
    await runWith(pem(), 'bundle', 'set', '--id', 'partner.example');
    await deployment.createEntry('/api', '--federates-with', 'partner.example');
    await run('bundle', 'delete', '--id', 'partner.example', '--mode', 'delete');
    assert.match(await run('entry', 'count'), /^1 registration entry/);
  });

  it('keeps relationships: create by flags or file, show, list, update, refresh and delete', async () => {
    const run = deployment.admin.bind(deployment);
    const url = 'https://127.0.0.1:1/';
    const web = ['--bundle-endpoint-profile', 'https_web', '--bundle-endpoint-url'];
    const block = (at: string): string =>
      `Trust domain              : web.example\nBundle endpoint URL       : ${at}\nBundle endpoint profile   : https_web\n`;
    assert.equal(await run('federation', 'create', '--trust-domain', 'web.example', ...web, url), `\n${block(url)}`);
    const relationship = {
      trustDomain: 'partner.example',
      bundleEndpointURL: url,
      bundleEndpointProfile: 'https_spiffe',
      endpointSPIFFEID: 'spiffe://partner.example/endpoint',
      trustDomainBundle: pem(),
    };
    const data = JSON.stringify({ federationRelationships: [relationship] });
    assert.match(
      await runWith(data, 'federation', 'create', '--data', '-'),
      /spiffe:\/\/partner\.example\/endpoint\n$/,
    );
    assert.equal(await run('bundle', 'list', '--id', 'partner.example'), pem());
    assert.match(
      await run('federation', 'list'),
      /^Found 2 federation relationships\n\nTrust domain +: partner\.example/,
    );
    await run('federation', 'update', '--trust-domain', 'web.example', ...web, `${url}new`);
    const shown = await run('federation', 'show', '--trust-domain', 'web.example');
    assert.equal(shown, `Found a federation relationship with trust domain web.example:\n\n${block(`${url}new`)}`);
    const json = JSON.parse(
      await run('federation', 'show', '--trust-domain', 'web.example', '--output', 'json'),
    ) as object;
    const expected = { bundle_endpoint_url: `${url}new`, https_web: {}, trust_domain: 'web.example' };
    assert.deepEqual(json, expected);
    await assert.rejects(run('federation', 'refresh', '--id', 'partner.example'), /failed to refresh bundle: /);
    for (const name of ['web.example', 'partner.example']) {
      assert.equal(await run('federation', 'delete', '--id', name), 'federation relationship deleted.\n');
    }
    assert.equal(await run('federation', 'list'), 'Found 0 federation relationships\n');
  });

  const profile = ['--bundle-endpoint-profile', 'https_spiffe'];
  const wrong: readonly [readonly string[], RegExp][] = [
    [['bundle', 'set'], /--id is required/],
    [
      ['bundle', 'set', '--id', 'a', '--path', '/dev/null'],
      /--path: the bundle is not usable: it holds no certificate/,
    ],
    [['bundle', 'delete', '--id', 'A B'], /--id: /],
    [['federation', 'create', '--trust-domain', 'a'], /--bundle-endpoint-url is required/],
    [['federation', 'create', '--trust-domain', 'a', '--bundle-endpoint-url', 'x'], /--bundle-endpoint-profile is req/],
    [
      ['federation', 'create', '--trust-domain', 'a', '--bundle-endpoint-url', 'x', ...profile],
      /--endpoint-spiffe-id is required for the profile https_spiffe/,
    ],
    [['federation', 'create', '--data', '-', '--trust-domain', 'a'], /--data excludes/],
    [['federation', 'refresh'], /--id is required/],
  ];
  for (const [args, says] of wrong) {
    it(`exits 2 for ${args.join(' ')}`, async () => {
      const { code, stderr } = await deployment.server(...args);
      assert.equal(code, 2);
      assert.match(stderr, says);
    });
  }
});
