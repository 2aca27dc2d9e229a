import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { TestCa } from '@credence/sdk/testing';
import type { JWTBundlesResponse__Output } from '@credence/sdk/wire/gen/JWTBundlesResponse.js';
import type { TrustBundle } from '../../../dist/domain/workload-identity.js';
import { header, StreamReader, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

function fetch(endpoint: TestEndpoint): StreamReader<JWTBundlesResponse__Output> {
  return new StreamReader(endpoint.client.FetchJWTBundles({}, header()));
}

function keysOf(jwks: Buffer | undefined): readonly Readonly<Record<string, unknown>>[] {
  return (JSON.parse(String(jwks)) as { keys: Record<string, unknown>[] }).keys;
}

async function withKey(name: string): Promise<{ bundle: TrustBundle; keyId: string }> {
  const jwtBundle = (await TestCa.create(name)).jwtBundle();
  return { bundle: { ...trustBundle(name, 'root'), jwtBundle }, keyId: jwtBundle.authorities[0]?.keyId ?? '' };
}

describe('FetchJWTBundles (SPIFFE Workload API §6.2.2)', () => {
  let own: Awaited<ReturnType<typeof withKey>>;
  let foreign: Awaited<ReturnType<typeof withKey>>;

  before(async () => {
    own = await withKey('example.org');
    foreign = await withKey('a.test');
  });

  it('sends JWK Sets by trust domain ID, the own always (WAPI-6.2.2-b, FED-5.1-c)', async () => {
    const federated = [foreign.bundle, trustBundle('empty.test', 'root')];
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')], { bundle: own.bundle, federated }));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const { bundles } = await fetch(endpoint).next();
    assert.deepEqual(Object.keys(bundles), ['spiffe://example.org', 'spiffe://a.test', 'spiffe://empty.test']);
    assert.deepEqual(
      Object.values(bundles).map((jwks) => keysOf(jwks).map(({ kid }) => kid)),
      [[own.keyId], [foreign.keyId], []],
    );
  });

  it('sends keys without "use", without private members, and no X.509 authority (WAPI-6.2.2-c)', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')], { bundle: own.bundle }));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const { bundles } = await fetch(endpoint).next();
    const [key] = keysOf(bundles['spiffe://example.org']);
    assert.deepEqual(Object.keys(key ?? {}).sort(), ['crv', 'kid', 'kty', 'x', 'y']);
  });

  it('sends what has changed, and not again what it sent last (WAPI-4.3-b)', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')], { bundle: own.bundle }));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = fetch(endpoint);
    await stream.next();
    snapshots.set(snapshot([identity('b')], { bundle: { ...own.bundle, sequenceNumber: 2n } }));
    await until('the second snapshot was read', () => snapshots.taken === 2);
    snapshots.set(snapshot([identity('b')], { bundle: own.bundle, federated: [foreign.bundle] }));
    assert.equal(Object.keys((await stream.next()).bundles).length, 2);
    assert.equal(stream.waiting, 0);
  });

  it('denies a caller without identity (WAPI-6.2.2-d)', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(snapshot([])) });
    const { code, details } = await fetch(endpoint).failure();
    assert.deepEqual([code, details], [status.PERMISSION_DENIED, 'no identity issued']);
  });
});

describe('allow_unauthenticated_verifiers', () => {
  it('gives the own bundles to a caller without identity, now and after a change, and SVIDs to nobody', async () => {
    const { bundle } = await withKey('example.org');
    const snapshots = new FakeWorkloadSnapshots(snapshot([], { bundle }));
    await using endpoint = await TestEndpoint.start({ snapshots, rules: { allowUnauthenticatedVerifiers: true } });
    const [jwt, x509] = [fetch(endpoint), new StreamReader(endpoint.client.FetchX509Bundles({}, header()))];
    assert.equal(keysOf((await jwt.next()).bundles['spiffe://example.org']).length, 1);
    assert.deepEqual((await x509.next()).bundles, { 'spiffe://example.org': Buffer.from('root') });
    snapshots.set(snapshot([], { bundle: trustBundle('example.org', 'other') }));
    assert.deepEqual(keysOf((await jwt.next()).bundles['spiffe://example.org']), []);
    assert.deepEqual((await x509.next()).bundles, { 'spiffe://example.org': Buffer.from('other') });
    const svids = await new StreamReader(endpoint.client.FetchX509SVID({}, header())).failure();
    assert.equal(svids.code, status.PERMISSION_DENIED);
  });
});
