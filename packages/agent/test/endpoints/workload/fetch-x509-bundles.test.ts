import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { X509BundlesResponse__Output } from '@credence/sdk/wire/gen/X509BundlesResponse.js';
import { header, StreamReader, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

const federated = [trustBundle('b.test', 'rootB'), trustBundle('a.test', 'rootA1,', 'rootA2')];

function fetch(endpoint: TestEndpoint): StreamReader<X509BundlesResponse__Output> {
  return new StreamReader(endpoint.client.FetchX509Bundles({}, header()));
}

describe('FetchX509Bundles (SPIFFE Workload API §5.2.2)', () => {
  it('sends the own bundle and the foreign ones by trust domain ID (WAPI-5.2.2-b, FED-5.1-c)', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')], { federated }));
    await using endpoint = await TestEndpoint.start({ snapshots });
    assert.deepEqual(await fetch(endpoint).next(), {
      crl: [],
      bundles: {
        'spiffe://example.org': Buffer.from('root'),
        'spiffe://a.test': Buffer.from('rootA1,rootA2'),
        'spiffe://b.test': Buffer.from('rootB'),
      },
    });
  });

  it('does not send again what it sent last, in whatever order it is given (WAPI-4.3-b)', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')], { federated }));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = fetch(endpoint);
    await stream.next();
    snapshots.set(snapshot([identity('b')], { federated: federated.toReversed() }));
    await until('the second snapshot was read', () => snapshots.taken === 2);
    snapshots.set(snapshot([identity('a')]));
    // The next message is the third state, with the foreign bundles gone (SPIFFE Workload API §4.4).
    assert.deepEqual((await stream.next()).bundles, { 'spiffe://example.org': Buffer.from('root') });
    assert.equal(stream.waiting, 0);
  });

  it('sends a state again that it sent before the last', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')]));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = fetch(endpoint);
    const first = await stream.next();
    snapshots.set(snapshot([identity('a')], { federated }));
    assert.equal(Object.keys((await stream.next()).bundles).length, 3);
    snapshots.set(snapshot([identity('a')]));
    assert.deepEqual(await stream.next(), first);
  });

  it('refuses a caller without identity with PermissionDenied (WAPI-5.2.2-c)', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(snapshot([])) });
    const error = await fetch(endpoint).failure();
    assert.equal(error.code, status.PERMISSION_DENIED);
    assert.equal(error.details, 'no identity issued');
  });
});
