import assert from 'node:assert/strict';
import { X509BundleSet } from '@credence/sdk';
import { fetchBundle } from '@credence/sdk/federation';
import { FakeBundleEndpoint, TestCa } from '@credence/sdk/testing';

const endpointId = 'spiffe://partner.test/endpoint';

describe('FakeBundleEndpoint', () => {
  let partner: TestCa;
  before(async () => {
    partner = await TestCa.create('partner.test');
  });

  it('answers 404 until it is told what to answer', async () => {
    await using endpoint = await FakeBundleEndpoint.startWeb();
    const profile = { profile: 'https_web', ca: endpoint.ca } as const;
    await assert.rejects(fetchBundle('partner.test', endpoint.url, profile), /404/);
    endpoint.serve(partner.spiffeBundle());
    await fetchBundle('partner.test', endpoint.url, profile);
  });

  it('gives one answer a request, and the last from then on', async () => {
    await using endpoint = await FakeBundleEndpoint.startWeb();
    endpoint.serve(partner.spiffeBundle({ sequenceNumber: 1n }), partner.spiffeBundle({ sequenceNumber: 2n }));
    const given: (bigint | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      const bundle = await fetchBundle('partner.test', endpoint.url, { profile: 'https_web', ca: endpoint.ca });
      given.push(bundle.sequenceNumber);
    }
    assert.deepEqual(given, [1n, 2n, 2n]);
  });

  it('records what was asked', async () => {
    await using endpoint = await FakeBundleEndpoint.startWeb();
    endpoint.serve(partner.spiffeBundle());
    await fetchBundle('partner.test', endpoint.urlAt('/b?c'), { profile: 'https_web', ca: endpoint.ca });
    const [{ method, url, hasClientCertificate } = {}] = endpoint.requests;
    assert.deepEqual([method, url, hasClientCertificate], ['GET', '/b?c', false]);
  });

  it('rotates to another X.509-SVID', async () => {
    const next = await TestCa.create('partner.test');
    await using endpoint = await FakeBundleEndpoint.startSpiffe(await partner.x509Svid(endpointId));
    endpoint.serve(partner.spiffeBundle());
    const fetched = (ca: TestCa): Promise<unknown> =>
      fetchBundle('partner.test', endpoint.url, {
        profile: 'https_spiffe',
        endpointId,
        bundles: X509BundleSet.of(ca.bundle()),
      });
    await fetched(partner);
    endpoint.present(await next.x509Svid(endpointId));
    await fetched(next);
    await assert.rejects(fetched(partner));
  });
});
