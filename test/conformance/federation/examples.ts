// The code of docs/federation.md, so that it is compiled and run. Each block of the page is in here word for word.
import { createServer, type Server } from 'node:https';
import {
  SpiffeBundle,
  SpiffeBundleSet,
  TrustDomain,
  X509BundleSet,
  type SpiffeBundleSource,
  type X509SvidSource,
} from '@credence/sdk';
import {
  bundleHandler,
  fetchBundle,
  intermediateTls,
  watchBundle,
  type BundleEndpointProfile,
} from '@credence/sdk/federation';
import { FakeBundleEndpoint, TestCa } from '@credence/sdk/testing';
import { createHttpsServer } from '@credence/sdk/tls';

export async function fetchOnce(url: string, ca: readonly string[]): Promise<SpiffeBundle> {
  const bundle = await fetchBundle('partner.example', url, { profile: 'https_web', ca });
  return bundle;
}

export async function keepCurrent(
  url: string,
  file: string,
  signal: AbortSignal,
  use: (bundles: SpiffeBundleSet) => void,
  log: { warn(fields: object, message: string): void },
): Promise<void> {
  const partner = TrustDomain.parse('partner.example');
  const bootstrap = await SpiffeBundle.load(partner, file);
  let bundles = SpiffeBundleSet.of();

  for await (const bundle of watchBundle(partner, url, {
    profile: 'https_spiffe',
    endpointId: 'spiffe://partner.example/bundle-endpoint',
    bundles: X509BundleSet.of(bootstrap.x509),
    signal,
    onError: (error, retryInMs) => {
      log.warn({ err: error, retryInMs }, 'partner bundle not refreshed');
    },
  })) {
    bundles = bundles.with(bundle);
    use(bundles);
  }
}

export function serveBySpiffe(svid: X509SvidSource, source: SpiffeBundleSource): Server {
  const handler = bundleHandler('example.org', source, { path: '/bundle' });
  const server = createHttpsServer({ svid, clientAuthentication: 'none', base: intermediateTls }, handler);
  return server;
}

export function serveByWebPki(cert: string, key: string, source: SpiffeBundleSource): Server {
  const handler = bundleHandler('example.org', source, { path: '/bundle' });
  const server = createServer({ ...intermediateTls, cert, key }, handler);
  return server;
}

export async function inTests(use: (url: string, profile: BundleEndpointProfile) => Promise<void>): Promise<number> {
  const partner = await TestCa.create('partner.example');
  const endpointId = 'spiffe://partner.example/bundle-endpoint';
  await using endpoint = await FakeBundleEndpoint.startSpiffe(await partner.x509Svid(endpointId));
  endpoint.answer({ status: 503 }, { body: partner.spiffeBundle({ sequenceNumber: 1n }).toJson() });

  await use(endpoint.url, { profile: 'https_spiffe', endpointId, bundles: X509BundleSet.of(partner.bundle()) });
  return endpoint.requests.length;
}
