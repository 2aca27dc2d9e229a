import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import { agentError } from '../../../dist/domain/errors.js';
import { header, StreamReader, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';

const one = snapshot([identity('a')]);
const none = snapshot([]);

function spiffeIds(message: X509SVIDResponse__Output): readonly string[] {
  return message.svids.map((svid) => svid.spiffe_id);
}

function fetch(endpoint: TestEndpoint): StreamReader<X509SVIDResponse__Output> {
  return new StreamReader(endpoint.client.FetchX509SVID({}, header()));
}

describe('FetchX509SVID (SPIFFE Workload API §5.2.1)', () => {
  it('sends chain, key, bundle and hint of an identity (SPIFFE Workload API §5.1)', async () => {
    const bundle = trustBundle('example.org', 'root1,', 'root2');
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a', { hint: 'web' })], { bundle }));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const message = await fetch(endpoint).next();
    assert.deepEqual(message, {
      svids: [
        {
          spiffe_id: 'spiffe://example.org/a',
          x509_svid: Buffer.from('leaf a,intermediate'),
          x509_svid_key: Buffer.from('key a'),
          bundle: Buffer.from('root1,root2'),
          hint: 'web',
        },
      ],
      crl: [],
      federated_bundles: {},
    });
  });

  it('sends all identities in the order of the snapshot, the default first (SPIFFE Workload API §8, WAPI-5.2.1-b)', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('b'), identity('c', { path: '/a' })]));
    await using endpoint = await TestEndpoint.start({ snapshots });
    assert.deepEqual(spiffeIds(await fetch(endpoint).next()), ['spiffe://example.org/b', 'spiffe://example.org/a']);
  });

  it('sends one identity for each hint (WAPI-5.2.1-c)', async () => {
    const twins = [identity('a', { hint: 'x', createdAt: 2 }), identity('b', { hint: 'x', createdAt: 1 })];
    await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(snapshot(twins)) });
    assert.deepEqual(spiffeIds(await fetch(endpoint).next()), ['spiffe://example.org/b']);
  });

  it('sends foreign bundles by trust domain ID, and its own not among them (WAPI-5.1-f)', async () => {
    const federated = [trustBundle('b.test', 'rootB'), trustBundle('a.test', 'rootA'), trustBundle('example.org', 'x')];
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')], { federated }));
    await using endpoint = await TestEndpoint.start({ snapshots });
    assert.deepEqual((await fetch(endpoint).next()).federated_bundles, {
      'spiffe://a.test': Buffer.from('rootA'),
      'spiffe://b.test': Buffer.from('rootB'),
    });
  });

  it('sends the complete state after each change (WAPI-4.3-a, WAPI-4.4-e)', async () => {
    const federated = [trustBundle('a.test', 'rootA')];
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a'), identity('b')], { federated }));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = fetch(endpoint);
    assert.equal((await stream.next()).svids.length, 2);
    snapshots.set(snapshot([identity('a'), identity('b'), identity('c')]));
    const second = await stream.next();
    assert.deepEqual(
      spiffeIds(second),
      ['a', 'b', 'c'].map((path) => `spiffe://example.org/${path}`),
    );
    assert.deepEqual(second.federated_bundles, {});
  });

  it('sends every change, also one that changes nothing', async () => {
    const snapshots = new FakeWorkloadSnapshots(one);
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = fetch(endpoint);
    const first = await stream.next();
    snapshots.set(snapshot([identity('a')]));
    assert.deepEqual(await stream.next(), first);
  });

  it('asks for the identities of exactly the attested selectors', async () => {
    const snapshots = new FakeWorkloadSnapshots(one);
    const selectors = [{ type: 'unix', value: 'uid:1000' }];
    const attestation = { attest: () => Promise.resolve(selectors) };
    await using endpoint = await TestEndpoint.start({ snapshots, attestation });
    await fetch(endpoint).next();
    assert.deepEqual(snapshots.watched, [selectors]);
  });

  it('refuses a caller without identity with PermissionDenied (EV-26, WEP-6-e, WAPI-5.2.1-e)', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(none) });
    const error = await fetch(endpoint).failure();
    assert.equal(error.code, status.PERMISSION_DENIED);
    assert.equal(error.details, 'no identity issued');
  });

  it('ends the stream with PermissionDenied when the last identity goes', async () => {
    const snapshots = new FakeWorkloadSnapshots(one);
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = fetch(endpoint);
    await stream.next();
    snapshots.set(none);
    const error = await stream.failure();
    assert.equal(error.code, status.PERMISSION_DENIED);
    assert.equal(error.details, 'no identity issued');
    assert.equal(snapshots.open, 0);
  });

  const failures = [
    {
      name: 'ERR_ATTESTATION',
      error: agentError('ERR_ATTESTATION', 'secret detail'),
      code: status.UNAVAILABLE,
      text: 'workload attestation failed',
    },
    { name: 'an unknown error', error: new Error('secret detail'), code: status.INTERNAL, text: 'internal error' },
  ];
  for (const { name, error, code, text } of failures) {
    it(`answers ${name} during attestation with a fixed text (SPIFFE Workload Endpoint §6)`, async () => {
      const attestation = { attest: () => Promise.reject(error) };
      await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(one), attestation });
      const failure = await fetch(endpoint).failure();
      assert.equal(failure.code, code);
      assert.equal(failure.details, text);
    });
  }

  it('cuts the connection of a caller that is not the one that connected', async () => {
    const attestation = { attest: () => Promise.reject(agentError('ERR_CALLER_UNKNOWN', 'process 1 exited')) };
    const snapshots = new FakeWorkloadSnapshots(one);
    await using endpoint = await TestEndpoint.start({ snapshots, attestation });
    const failure = await fetch(endpoint).failure();
    assert.equal(failure.code, status.UNAVAILABLE);
    assert.equal(snapshots.watched.length, 0);
  });

  it('passes the deadline of the caller through', async () => {
    const attestation = {
      attest: (_peer: unknown, signal: AbortSignal) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        }),
    };
    await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(one), attestation });
    const stream = endpoint.client.FetchX509SVID({}, header(), { deadline: Date.now() + 50 });
    assert.equal((await new StreamReader(stream).failure()).code, status.DEADLINE_EXCEEDED);
  });

  it('answers Unavailable when there are no more snapshots', async () => {
    const snapshots = new FakeWorkloadSnapshots(one);
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = fetch(endpoint);
    await stream.next();
    snapshots.end();
    assert.equal((await stream.failure()).code, status.UNAVAILABLE);
  });
});
