import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { TrustDomain } from '@credence/sdk';
import { Latest, systemClock } from '@credence/sdk/runtime';
import { delegatedIdentityApi } from '@credence/sdk/wire';
import { call } from '../../../../sdk/dist-test/support/call.js';
import type { TrustedBundles } from '../../../dist/domain/workload-identity.js';
import { delegatedIdentityService } from '../../../dist/endpoints/admin/delegated-identity/delegated-identity.js';
import type { DelegatedIdentityPorts } from '../../../dist/endpoints/admin/delegated-identity/ports.js';
import type { WorkloadAttestation } from '../../../dist/endpoints/ports.js';
import { TestAdminEndpoint } from '../../support/admin-endpoint.js';
import { StreamReader } from '../../support/endpoint.js';
import { entry, selector } from '../../support/entries.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';

const own = [selector('unix:uid:1000')];
const mesh = [selector('cilium:mtls')];
const delegate = entry('delegate');

interface Scene {
  readonly snapshots?: FakeWorkloadSnapshots;
  readonly attestation?: WorkloadAttestation;
  readonly bundles?: Latest<TrustedBundles>;
}

/** The caller has the entry `delegate`, and is one. */
function service({ snapshots, attestation, bundles }: Scene): ReturnType<typeof delegatedIdentityService> {
  const known = bundles ?? new Latest<TrustedBundles>(snapshot([]));
  const ports: DelegatedIdentityPorts = {
    clock: systemClock,
    attestation: attestation ?? { attest: () => Promise.resolve(own) },
    snapshots: snapshots ?? snapshotsOf(),
    jwtSvids: { fetch: () => Promise.reject(new Error('no JWT-SVID is planned')) },
    bundles: { watch: (signal) => known.watch({ signal }) },
    authorizedDelegates: [delegate.spiffeId],
    procPath: '/proc',
  };
  return delegatedIdentityService(ports);
}

function snapshotsOf(...ids: readonly string[]): FakeWorkloadSnapshots {
  const snapshots = new FakeWorkloadSnapshots(snapshot(ids.map((id) => identity(id))));
  snapshots.entries = [delegate, ...ids.map((id) => entry(id))];
  return snapshots;
}

describe('SubscribeToX509SVIDs', () => {
  it('keeps back the identities that administer, and the trust domains that only they federate with', async () => {
    const partners = ['b.test', 'a.test', 'unknown.test', 'admins.test'].map((name) => TrustDomain.parse(name));
    const [b, a, unknown, admins] = partners as [TrustDomain, TrustDomain, TrustDomain, TrustDomain];
    const identities = [
      { ...identity('plain', { hint: 'h' }), federatesWith: [b, a, unknown] },
      { ...identity('admin'), federatesWith: [admins] },
      identity('downstream'),
    ];
    const federated = ['a.test', 'b.test', 'admins.test'].map((name) => trustBundle(name, 'root'));
    const snapshots = new FakeWorkloadSnapshots(snapshot(identities, { federated }));
    snapshots.entries = [
      delegate,
      entry('plain'),
      entry('admin', { admin: true }),
      entry('downstream', { downstream: true }),
    ];
    await using endpoint = await TestAdminEndpoint.start(service({ snapshots }));
    const stream = new StreamReader(endpoint.client(delegatedIdentityApi).SubscribeToX509SVIDs({ selectors: mesh }));
    assert.deepEqual(await stream.next(), {
      x509_svids: [
        {
          x509_svid: {
            cert_chain: [Buffer.from('leaf plain,'), Buffer.from('intermediate')],
            id: { trust_domain: 'example.org', path: '/plain' },
            expires_at: '3600',
            hint: 'h',
          },
          x509_svid_key: Buffer.from('key plain'),
        },
      ],
      federates_with: ['spiffe://a.test', 'spiffe://b.test'],
    });
    assert.deepEqual(snapshots.watched, [mesh]);
  });

  it('sends everything in one message, however large', async () => {
    const many = Array.from({ length: 5000 }, (_, index) => identity(String(index)));
    const large = many.map((one) => ({ ...one, svid: { ...one.svid, chain: [Buffer.alloc(2000)] } }));
    const snapshots = new FakeWorkloadSnapshots(snapshot(large));
    snapshots.entries = [delegate, ...many.map(({ entryId }) => entry(entryId))];
    await using endpoint = await TestAdminEndpoint.start(service({ snapshots }));
    const client = endpoint.client(delegatedIdentityApi, { 'grpc.max_receive_message_length': 20 * 1024 * 1024 });
    const stream = new StreamReader(client.SubscribeToX509SVIDs({ selectors: mesh }));
    assert.equal((await stream.next()).x509_svids.length, many.length);
  });

  it('does not resolve hints: the delegate has them all', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a', { hint: 'x' }), identity('b', { hint: 'x' })]));
    snapshots.entries = [delegate, entry('a'), entry('b')];
    await using endpoint = await TestAdminEndpoint.start(service({ snapshots }));
    const stream = new StreamReader(endpoint.client(delegatedIdentityApi).SubscribeToX509SVIDs({ selectors: mesh }));
    assert.equal((await stream.next()).x509_svids.length, 2);
  });

  it('ends before the next message once the caller is no delegate', async () => {
    const snapshots = snapshotsOf('a');
    await using endpoint = await TestAdminEndpoint.start(service({ snapshots }));
    const stream = new StreamReader(endpoint.client(delegatedIdentityApi).SubscribeToX509SVIDs({ selectors: mesh }));
    await stream.next();
    snapshots.entries = [entry('a')];
    snapshots.set(snapshot([identity('a'), identity('b')]));
    const { code, details } = await stream.failure();
    assert.deepEqual([code, details], [status.PERMISSION_DENIED, 'caller not configured as an authorized delegate']);
    assert.equal(stream.waiting, 0);
  });

  it('attests a process that was named by its number, and keeps the connection when there is none', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    const attested: number[] = [];
    const attestation: WorkloadAttestation = {
      attest: (process) => {
        attested.push(process.pid);
        return Promise.resolve(process.pid === child.pid ? mesh : own);
      },
    };
    const snapshots = snapshotsOf('a');
    await using endpoint = await TestAdminEndpoint.start(service({ snapshots, attestation }));
    const client = endpoint.client(delegatedIdentityApi);
    const stream = new StreamReader(client.SubscribeToX509SVIDs({ pid: child.pid! }));
    await stream.next();
    assert.deepEqual(attested, [process.pid, child.pid]);
    assert.deepEqual(snapshots.watched, [mesh]);

    child.kill('SIGKILL');
    await once(child, 'exit');
    const { code, details } = await new StreamReader(client.SubscribeToX509SVIDs({ pid: child.pid! })).failure();
    assert.deepEqual([code, details], [status.UNAVAILABLE, 'workload attestation failed']);
    snapshots.set(snapshot([identity('a'), identity('b')]));
    assert.equal((await stream.next()).x509_svids.length, 1);
  });

  it('refuses a caller that cannot be attested', async () => {
    const attestation: WorkloadAttestation = { attest: () => Promise.reject(new Error('no')) };
    await using endpoint = await TestAdminEndpoint.start(service({ attestation }));
    const stream = endpoint.client(delegatedIdentityApi).SubscribeToX509SVIDs({ selectors: mesh });
    assert.equal((await new StreamReader(stream).failure()).code, status.INTERNAL);
  });
});

describe('SubscribeToX509Bundles and SubscribeToJWTBundles', () => {
  it('send every bundle that the agent knows, and leave out those that are gone', async () => {
    const federated = [trustBundle('a.test', 'rootA')];
    const bundles = new Latest<TrustedBundles>(snapshot([], { federated }));
    await using endpoint = await TestAdminEndpoint.start(service({ bundles }));
    const client = endpoint.client(delegatedIdentityApi);
    const x509 = new StreamReader(client.SubscribeToX509Bundles({}));
    const jwt = new StreamReader(client.SubscribeToJWTBundles({}));
    assert.deepEqual((await x509.next()).ca_certificates, {
      'spiffe://example.org': Buffer.from('root'),
      'spiffe://a.test': Buffer.from('rootA'),
    });
    const jwks = (await jwt.next()).bundles;
    assert.deepEqual(Object.keys(jwks).sort(), ['spiffe://a.test', 'spiffe://example.org']);
    assert.deepEqual(JSON.parse(String(jwks['spiffe://a.test'])), { keys: [] });
    bundles.set(snapshot([]));
    assert.deepEqual((await x509.next()).ca_certificates, { 'spiffe://example.org': Buffer.from('root') });
    assert.deepEqual(Object.keys((await jwt.next()).bundles), ['spiffe://example.org']);
  });

  it('are for delegates', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([]));
    await using endpoint = await TestAdminEndpoint.start(service({ snapshots }));
    const client = endpoint.client(delegatedIdentityApi);
    for (const open of ['SubscribeToX509Bundles', 'SubscribeToJWTBundles'] as const) {
      const { code, details } = await new StreamReader<object>(client[open]({})).failure();
      assert.deepEqual([code, details], [status.PERMISSION_DENIED, 'no identity issued']);
    }
  });
});

describe('FetchJWTSVIDs', () => {
  it('checks the audience before it looks at the caller', async () => {
    const attestation: WorkloadAttestation = { attest: () => Promise.reject(new Error('no')) };
    await using endpoint = await TestAdminEndpoint.start(service({ attestation }));
    for (const audience of [[], ['']]) {
      const fetched = call(endpoint.client(delegatedIdentityApi), 'FetchJWTSVIDs', { audience, selectors: mesh });
      await assert.rejects(fetched, { code: status.INVALID_ARGUMENT, details: 'audience must be specified' });
    }
  });
});
