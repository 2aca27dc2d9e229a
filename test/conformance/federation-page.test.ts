// docs/federation.md: its code is that of federation/examples.ts, and that runs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SpiffeBundleSet, X509BundleSet } from '@credence/sdk';
import { fetchBundle, type BundleEndpointProfile } from '@credence/sdk/federation';
import { FakeBundleEndpoint, StaticX509Source, TestCa } from '@credence/sdk/testing';
import { codeBlocks, readProse } from '../support/prose.js';
import { fetchOnce, inTests, keepCurrent, serveBySpiffe, serveByWebPki } from './federation/examples.js';

const partnerEndpoint = 'spiffe://partner.example/bundle-endpoint';

describe('docs/federation.md', () => {
  it('shows only code that is run here', () => {
    const unindented = (text: string): string => text.replaceAll(/^ +/gm, '');
    const examples = unindented(readProse('test/conformance/federation/examples.ts'));
    const blocks = codeBlocks(readProse('docs/federation.md'), 'ts');
    assert.equal(blocks.length, 5);
    for (const block of blocks) assert.ok(examples.includes(unindented(block)), block);
  });

  it('fetches a bundle', async () => {
    const partner = await TestCa.create('partner.example');
    await using endpoint = await FakeBundleEndpoint.startWeb();
    endpoint.serve(partner.spiffeBundle());
    assert.ok((await fetchOnce(endpoint.url, endpoint.ca)).equals(partner.spiffeBundle()));
  });

  it('keeps a bundle current', async () => {
    const partner = await TestCa.create('partner.example');
    const folder = await mkdtemp(join(tmpdir(), 'credence-federation-'));
    const file = join(folder, 'bootstrap.json');
    await writeFile(file, partner.spiffeBundle().toJson());
    try {
      await using endpoint = await FakeBundleEndpoint.startSpiffe(await partner.x509Svid(partnerEndpoint));
      endpoint.serve(partner.spiffeBundle({ sequenceNumber: 1n }));
      const end = new AbortController();
      const seen: SpiffeBundleSet[] = [];
      const use = (bundles: SpiffeBundleSet): void => {
        seen.push(bundles);
        end.abort();
      };
      const watching = keepCurrent(endpoint.url, file, end.signal, use, { warn: () => undefined });
      await assert.rejects(watching, { name: 'AbortError' });
      assert.equal(seen[0]?.get(partner.trustDomain)?.sequenceNumber, 1n);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('serves by both profiles', async () => {
    const own = await TestCa.create('example.org');
    const source = SpiffeBundleSet.of(own.spiffeBundle());
    const endpointId = 'spiffe://example.org/bundle-endpoint';
    const svid = await own.x509Svid(endpointId, { dnsNames: ['localhost'] });
    const bundles = X509BundleSet.of(own.bundle());
    const servers: [Server, BundleEndpointProfile][] = [
      [
        serveBySpiffe(new StaticX509Source(svid, [own.bundle()]), source),
        { profile: 'https_spiffe', endpointId, bundles },
      ],
      [
        serveByWebPki(svid.certChainPem(), svid.privateKeyPem(), source),
        { profile: 'https_web', ca: [own.certificate.toPem()] },
      ],
    ];
    for (const [server, profile] of servers) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const url = `https://localhost:${(server.address() as AddressInfo).port}/bundle`;
      assert.ok((await fetchBundle('example.org', url, profile)).equals(own.spiffeBundle()));
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    }
  });

  it('fakes an endpoint', async () => {
    const requests = await inTests(async (url, profile) => {
      await assert.rejects(fetchBundle('partner.example', url, profile), { code: 'ERR_SPIFFE_BUNDLE_FETCH' });
      await fetchBundle('partner.example', url, profile);
    });
    assert.equal(requests, 2);
  });
});
