// The SDK and a real spire-server as each other's bundle endpoint, by https_spiffe in both directions.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SpiffeBundle, SpiffeBundleSet, TrustDomain, X509BundleSet } from '@credence/sdk';
import { bundleHandler, fetchBundle, intermediateTls, watchBundle } from '@credence/sdk/federation';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { createHttpsServer } from '@credence/sdk/tls';
import { Deployment, freePort, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { endOf } from './programs.js';
import { startSpireServer, type SpireCommand } from './real-spire-server.js';

const ours = 'ours.test';
const ourEndpoint = `spiffe://${ours}/bundle-endpoint`;

describe('federation with a real spire-server', () => {
  let deployment: Deployment;
  let spire: SpireCommand;
  let endpointPort: number;

  before(async function () {
    deployment = await Deployment.create();
    endpointPort = await freePort();
    const server = `federation {
    bundle_endpoint {
      address = "127.0.0.1"
      port = ${String(endpointPort)}
      refresh_hint = "10m"
      profile "https_spiffe" {}
    }
  }`;
    spire = await startSpireServer(this, deployment, { server });
  });
  after(() => endOf(deployment));

  it('fetches and watches its bundle, begun with what its CLI prints', async () => {
    const domain = TrustDomain.parse(trustDomain);
    const shown = SpiffeBundle.parse(domain, (await spire('bundle', 'show', '-format', 'spiffe')).stdout);
    const url = `https://127.0.0.1:${String(endpointPort)}/`;
    const options = {
      profile: 'https_spiffe',
      endpointId: `spiffe://${trustDomain}/spire/server`,
      bundles: X509BundleSet.of(shown.x509),
    } as const;

    const bundle = await fetchBundle(domain, url, options);
    assert.ok(bundle.x509.authorities.length > 0 && bundle.x509.equals(shown.x509));
    assert.ok(bundle.jwt.authorities.length > 0 && bundle.jwt.equals(shown.jwt));
    assert.equal(bundle.refreshHintMs, 600_000);
    const wrong = { ...options, endpointId: `spiffe://${trustDomain}/spire/other` };
    await assert.rejects(fetchBundle(domain, url, wrong), { code: 'ERR_SPIFFE_BUNDLE_FETCH' });

    for await (const first of watchBundle(domain, url, options)) {
      assert.ok(first.equals(bundle));
      break;
    }
  });

  it('is fetched from by it, and so is the bundle that comes next', async () => {
    const ca = await TestCa.create(ours);
    const source = { bundles: SpiffeBundleSet.of(ca.spiffeBundle({ sequenceNumber: 1n, refreshHintMs: 60_000 })) };
    const server = await serving(ca, source);
    try {
      const first = join(deployment.folder, 'ours.json');
      await writeFile(first, ca.spiffeBundle().toJson());
      const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}/bundle`;
      const created = await spire(
        ...['federation', 'create', '-trustDomain', ours, '-bundleEndpointURL', url],
        ...['-bundleEndpointProfile', 'https_spiffe', '-endpointSpiffeID', ourEndpoint],
        ...['-trustDomainBundlePath', first, '-trustDomainBundleFormat', 'spiffe'],
      );
      assert.equal(created.code, 0, created.stdout + created.stderr);

      await ca.rotate();
      source.bundles = SpiffeBundleSet.of(ca.spiffeBundle({ sequenceNumber: 2n, refreshHintMs: 60_000 }));
      const domain = ca.trustDomain;
      await until('spire-server to hold our newest bundle', async () => {
        await spire('federation', 'refresh', '-id', `spiffe://${ours}`);
        const listed = await spire('bundle', 'list', '-id', `spiffe://${ours}`, '-format', 'spiffe');
        return SpiffeBundle.parse(domain, listed.stdout).x509.equals(ca.bundle());
      });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});

async function serving(ca: TestCa, source: { bundles: SpiffeBundleSet }): Promise<Server> {
  const current = {
    getSpiffeBundleForTrustDomain: (asked: TrustDomain) => source.bundles.getSpiffeBundleForTrustDomain(asked),
  };
  const svid = new StaticX509Source(await ca.x509Svid(ourEndpoint), [ca.bundle()]);
  const handler = bundleHandler(ours, current, { path: '/bundle' });
  const server = createHttpsServer({ svid, clientAuthentication: 'none', base: intermediateTls }, handler);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
