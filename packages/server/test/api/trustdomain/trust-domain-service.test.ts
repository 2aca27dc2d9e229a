import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { FakeBundleEndpoint, TestCa } from '@credence/sdk/testing';
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import type { FederationRelationship } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';
import { until } from '../../../../sdk/dist-test/support/until.js';
import { refusal } from '../support/refusal.js';
import { joinAgent } from '../support/test-agent.js';
import { call, TestServer } from '../support/test-server.js';

const partner = 'partner.example';
const endpointId = `spiffe://${partner}/endpoint`;
const ca = await TestCa.create(partner);
const partnerBundle: Bundle = { trust_domain: partner, x509_authorities: [{ asn1: ca.certificate.raw }] };
const web: FederationRelationship = {
  trust_domain: 'web.example',
  bundle_endpoint_url: 'https://127.0.0.1:1/bundle',
  https_web: {},
};
const spiffe = (url = 'https://127.0.0.1:1/'): FederationRelationship => ({
  trust_domain: partner,
  bundle_endpoint_url: url,
  https_spiffe: { endpoint_spiffe_id: endpointId },
  trust_domain_bundle: partnerBundle,
});

describe('the TrustDomain service', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const create = async (...relationships: FederationRelationship[]) =>
    (
      await call(server.local.trustDomains, 'BatchCreateFederationRelationship', {
        federation_relationships: relationships,
      })
    ).results;
  const update = async (relationship: FederationRelationship, mask: object | null = null) =>
    (
      await call(server.local.trustDomains, 'BatchUpdateFederationRelationship', {
        federation_relationships: [relationship],
        input_mask: mask,
      })
    ).results[0];
  const get = (name: string) => call(server.local.trustDomains, 'GetFederationRelationship', { trust_domain: name });
  const ok = { code: status.OK, message: 'OK' };

  it('creates, lists and deletes relationships; the bundle that came along is stored and stays', async () => {
    const { trustDomains, bundles } = server.local;
    const created = await create(web, spiffe());
    assert.deepEqual(
      created.map((result) => result.status),
      [ok, ok],
    );
    assert.equal(created[1]?.federation_relationship?.https_spiffe?.endpoint_spiffe_id, endpointId);
    const { federation_relationships: listed } = await call(trustDomains, 'ListFederationRelationships', {});
    assert.deepEqual(
      listed.map(({ trust_domain: name, bundle_endpoint_profile: profile }) => [name, profile]),
      [
        [partner, 'https_spiffe'],
        ['web.example', 'https_web'],
      ],
    );
    const masked = await call(trustDomains, 'GetFederationRelationship', { trust_domain: partner, output_mask: {} });
    assert.deepEqual([masked.bundle_endpoint_url, masked.trust_domain_bundle], ['', null]);
    assert.deepEqual((await get(partner)).trust_domain_bundle?.x509_authorities[0]?.asn1, ca.certificate.raw);
    assert.equal((await get('web.example')).trust_domain_bundle, null);
    const { results } = await call(trustDomains, 'BatchDeleteFederationRelationship', {
      trust_domains: [`spiffe://${partner}/x`, partner, ''],
    });
    assert.deepEqual(results, [
      { status: ok, trust_domain: partner },
      { status: { code: status.NOT_FOUND, message: 'federation relationship not found' }, trust_domain: partner },
      { status: { code: status.INVALID_ARGUMENT, message: 'missing trust domain' }, trust_domain: '' },
    ]);
    assert.equal((await call(bundles, 'GetFederatedBundle', { trust_domain: partner })).trust_domain, partner);
  });

  it('says what is there already and what is not there', async () => {
    const [, again] = await create(web, web);
    assert.equal(again?.status?.code, status.ALREADY_EXISTS);
    assert.equal((await update(spiffe()))?.status?.code, status.NOT_FOUND);
    assert.equal(await refusal(get(partner)), 'NOT_FOUND: federation relationship does not exist');
    const refresh = call(server.local.trustDomains, 'RefreshBundle', { trust_domain: partner });
    assert.equal(await refusal(refresh), `NOT_FOUND: no relationship with trust domain "${partner}"`);
  });

  it('changes what the mask names, and checks nothing else', async () => {
    await create(web);
    const { trust_domain: name = '' } = web;
    const url = await update(
      { trust_domain: name, bundle_endpoint_url: 'https://[::1]:2/' },
      { bundle_endpoint_url: true },
    );
    assert.deepEqual(url?.status, ok);
    const { bundle_endpoint_url: stored, bundle_endpoint_profile: profile } = await get(name);
    assert.deepEqual([stored, profile], ['https://[::1]:2/', 'https_web']);
    const whole = await update({ trust_domain: name });
    assert.equal(whole?.status?.code, status.INVALID_ARGUMENT);
  });

  it('begins to fetch with the relationship, and fetches when it is told to', async () => {
    const { trustDomains, bundles } = server.local;
    await using endpoint = await FakeBundleEndpoint.startSpiffe(await ca.x509Svid(endpointId));
    endpoint.serve(ca.spiffeBundle({ sequenceNumber: 3n }));
    await create(spiffe(endpoint.url));
    const sequence = async (): Promise<string> =>
      (await call(bundles, 'GetFederatedBundle', { trust_domain: partner })).sequence_number;
    await until('the fetched bundle', async () => (await sequence()) === '3');
    endpoint.serve(ca.spiffeBundle({ sequenceNumber: 4n }));
    await call(trustDomains, 'RefreshBundle', { trust_domain: partner });
    assert.equal(await sequence(), '4');
    endpoint.answer({ status: 503 });
    const failed = await refusal(call(trustDomains, 'RefreshBundle', { trust_domain: partner }));
    assert.match(failed, /^INTERNAL: failed to refresh bundle: .*status 503/);
  });

  const refused: readonly [string, FederationRelationship, RegExp][] = [
    ['http (FED-5.2.1.1-a)', { ...web, bundle_endpoint_url: 'http://web.example/' }, /does not begin with https/],
    ['http (FED-5.2.2.1-a)', spiffe('http://web.example/'), /does not begin with https/],
    ['user information (FED-5.2.1.1-b)', { ...web, bundle_endpoint_url: 'https://u:p@web.example/' }, /user info/],
    ['user information (FED-5.2.2.1-b)', spiffe('https://@web.example/'), /user info/],
    ['no host', { ...web, bundle_endpoint_url: 'https:///x?' }, /bundle_endpoint_url: the URL has no host/],
    ['no profile', { trust_domain: 'web.example', bundle_endpoint_url: 'https://a/' }, /bundle_endpoint_profile is/],
    ['a malformed endpoint ID', { ...spiffe(), https_spiffe: { endpoint_spiffe_id: 'x' } }, /endpoint_spiffe_id: /],
    ['a malformed trust domain', { ...web, trust_domain: 'A B' }, /failed to convert federation relationship: /],
    ['the own trust domain', { ...web, trust_domain: 'example.org' }, /for server trust domain/],
    [
      'the bundle of another trust domain',
      { ...spiffe(), trust_domain_bundle: { ...partnerBundle, trust_domain: 'other.example' } },
      /trust_domain_bundle is of another trust domain/,
    ],
  ];
  for (const [name, relationship, says] of refused) {
    it(`refuses ${name}`, async () => {
      const [result] = await create(relationship);
      assert.equal(result?.status?.code, status.INVALID_ARGUMENT);
      assert.match(result.status.message, /^failed to convert federation relationship: /);
      assert.match(result.status.message, says);
      assert.ok(!result.status.message.includes('u:p'));
    });
  }

  it('is for administrators only', async () => {
    const { trustDomains } = (await joinAgent(server)).clients;
    for (const method of [
      'ListFederationRelationships',
      'BatchCreateFederationRelationship',
      'RefreshBundle',
    ] as const) {
      assert.match(await refusal(call(trustDomains, method, {})), /^PERMISSION_DENIED: /);
    }
  });
});
