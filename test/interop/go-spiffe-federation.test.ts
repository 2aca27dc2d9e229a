// go-spiffe and ours at both ends of SPIFFE Federation: it fetches from our server's bundle endpoint, and our SDK and
// our server fetch from its handler.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SpiffeBundle, TrustDomain, X509BundleSet } from '@credence/sdk';
import { fetchBundle } from '@credence/sdk/federation';
import type { Child } from '../support/child.js';
import { Deployment, freePort } from '../support/deployment.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';
import { workloadOf } from './real-spire-agent.js';

const domain = TrustDomain.parse('example.org');
const workloadId = 'spiffe://example.org/endpoint';

describe('federation with go-spiffe', function () {
  let deployment: Deployment;
  let other: Deployment;
  let goPeer: string;
  let endpoint: string;
  let first: string;

  before(async function () {
    goPeer = program(this, 'go-peer');
    [deployment, other] = [await Deployment.create(), await Deployment.create('other.example')];
    const port = await freePort();
    endpoint = `https://127.0.0.1:${String(port)}/`;
    const bundle_endpoint = { address: '127.0.0.1', port, refresh_hint: '10m', profile: { https_spiffe: null } };
    await Promise.all([
      deployment.startServer({ config: { federation: { bundle_endpoint } } }).then(() => deployment.startAgent()),
      other.startServer(),
    ]);
    first = join(deployment.folder, 'bundle.json');
    await writeFile(first, await deployment.admin('bundle', 'show', '--format', 'spiffe'));
    await deployment.createEntry('/endpoint');
  });
  after(() => endOf(deployment, other));

  const run = (...args: string[]): Child => workloadOf(deployment, deployment.workloadSocket(), goPeer, ...args);
  const shown = async (): Promise<SpiffeBundle> =>
    SpiffeBundle.parse(domain, await deployment.admin('bundle', 'show', '--format', 'spiffe'));

  it('fetches our bundle by https_spiffe, and not from who is somebody else', async () => {
    const { code, stderr, reports } = await fetched('spiffe://example.org/spire/server');
    assert.equal(code, 0, stderr);
    const bundle = SpiffeBundle.parse(domain, String(reports[0]?.['bundle']));
    const ours = await shown();
    assert.ok(bundle.x509.equals(ours.x509) && bundle.jwt.equals(ours.jwt));
    assert.equal(bundle.refreshHintMs, 600_000);
    assert.equal(bundle.sequenceNumber, ours.sequenceNumber);

    const refused = await fetched('spiffe://example.org/somebody/else');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /unexpected ID "spiffe:\/\/example\.org\/spire\/server"/);
  });

  it('serves its bundle to our SDK and our server by https_spiffe, and the one that comes next', async () => {
    const server = run('bundle-serve', 'example.org');
    const address = await until('go-spiffe to listen', () => server.reports[0]?.['listening'], 30);
    const url = `https://${String(address)}/`;
    const options = {
      profile: 'https_spiffe',
      endpointId: workloadId,
      bundles: X509BundleSet.of((await shown()).x509),
    } as const;
    const bundle = await fetchBundle(domain, url, options);
    const ours = await shown();
    assert.ok(bundle.x509.equals(ours.x509) && bundle.jwt.equals(ours.jwt));
    await assert.rejects(fetchBundle(domain, url, { ...options, endpointId: 'spiffe://example.org/other' }), {
      code: 'ERR_SPIFFE_BUNDLE_FETCH',
    });

    await other.admin(
      ...['federation', 'create', '--trust-domain', 'example.org', '--bundle-endpoint-url', url],
      ...['--bundle-endpoint-profile', 'https_spiffe', '--endpoint-spiffe-id', workloadId],
      ...['--trust-domain-bundle-path', first, '--trust-domain-bundle-format', 'spiffe'],
    );
    await deployment.admin('localauthority', 'x509', 'prepare');
    const pem = await deployment.admin('bundle', 'show');
    await until('our other server to hold the next bundle', async () => {
      await other.admin('federation', 'refresh', '--id', 'example.org');
      return (await other.admin('bundle', 'list', '--id', 'example.org')) === pem;
    });
    await server.stop();
  });

  async function fetched(endpointId: string) {
    const child = run('bundle-fetch', 'example.org', endpoint, endpointId, first);
    return { ...(await child.finished), reports: child.reports };
  }
});
