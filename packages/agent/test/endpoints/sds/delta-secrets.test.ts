import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { DeltaDiscoveryResponse__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DeltaDiscoveryResponse.js';
import type { SecretDiscoveryServiceClient } from '@credence/sdk/wire/gen/envoy/service/secret/v3/SecretDiscoveryService.js';
import { TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';
import { pem, readSecret, SecretStream, secretsClient, secretType, type DeltaStream } from '../../support/secrets.js';

const a = identity('a');
const next = { ...a, svid: { ...a.svid, chain: [Buffer.from('leaf 2')] } };
const idOfA = 'spiffe://example.org/a';
const ownId = 'spiffe://example.org';

describe('DeltaSecrets', () => {
  let snapshots: FakeWorkloadSnapshots;
  let endpoint: TestEndpoint;
  let client: SecretDiscoveryServiceClient;
  let stream: DeltaStream;

  beforeEach(async () => {
    snapshots = new FakeWorkloadSnapshots(snapshot([a]));
    endpoint = await TestEndpoint.start({ snapshots });
    client = secretsClient(endpoint.socketPath);
    stream = open();
  });

  afterEach(async () => {
    client.close();
    await endpoint[Symbol.asyncDispose]();
  });

  const open = (): DeltaStream => new SecretStream(client.DeltaSecrets());
  const namesIn = ({ resources }: DeltaDiscoveryResponse__Output): readonly string[] =>
    resources.map(({ name }) => name);
  const versionsIn = ({ resources }: DeltaDiscoveryResponse__Output): Readonly<Record<string, string>> =>
    Object.fromEntries(resources.map(({ name, version }) => [name, version]));
  const subscribe = (...resource_names_subscribe: string[]): object => ({
    resource_names_subscribe,
    type_url: secretType,
  });

  it('sends what is subscribed to, each with a version of its own, and then only what changes', async () => {
    const first = await stream.ask(subscribe('default', 'ROOTCA', 'ALL', ownId, idOfA));
    assert.deepEqual(namesIn(first), ['default', 'ROOTCA', 'ALL', ownId, idOfA]);
    assert.deepEqual(
      first.resources.map(({ resource }) => readSecret(resource).name),
      namesIn(first),
    );
    assert.equal(first.type_url, secretType);
    assert.match(first.nonce, /^[0-9a-f]{8}$/);
    stream.send({ response_nonce: first.nonce });
    snapshots.set(snapshot([next]));
    const second = await stream.reader.next();
    assert.deepEqual(namesIn(second), ['default', idOfA]);
    assert.equal(readSecret(second.resources[0]?.resource ?? null).chain, pem('leaf 2'));
    assert.notEqual(second.resources[0]?.version, versionsIn(first)['default']);
    snapshots.set(snapshot([next], { bundle: trustBundle('example.org', 'other root') }));
    assert.deepEqual(namesIn(await stream.reader.next()), ['ROOTCA', 'ALL', ownId]);
    assert.equal(stream.reader.waiting, 0);
  });

  it('says what is not there, and sends it when it comes', async () => {
    const first = await stream.ask(subscribe('spiffe://example.org/late', 'default'));
    assert.deepEqual([namesIn(first), first.removed_resources], [['default'], ['spiffe://example.org/late']]);
    snapshots.set(snapshot([a, identity('late')]));
    const second = await stream.reader.next();
    assert.deepEqual([namesIn(second), second.removed_resources], [['spiffe://example.org/late'], []]);
  });

  it('says what is gone, and sends it again when it is made anew', async () => {
    await stream.ask(subscribe('default', 'ROOTCA'));
    snapshots.set(snapshot([]));
    assert.deepEqual((await stream.reader.next()).removed_resources, ['default', 'ROOTCA']);
    snapshots.set(snapshot([next]));
    assert.deepEqual(namesIn(await stream.reader.next()), ['default', 'ROOTCA']);
  });

  it('sends nothing more of what is unsubscribed from, and all of what is subscribed to again', async () => {
    await stream.ask(subscribe('default', 'ROOTCA'));
    stream.send({ resource_names_unsubscribe: ['default'] });
    assert.deepEqual(namesIn(await stream.ask(subscribe('ROOTCA'))), ['ROOTCA']);
    snapshots.set(snapshot([next], { bundle: trustBundle('example.org', 'other root') }));
    assert.deepEqual(namesIn(await stream.reader.next()), ['ROOTCA']);
    assert.deepEqual(namesIn(await stream.ask(subscribe('default'))), ['default']);
  });

  it('sends a client that comes back only what has changed, and says what is gone', async () => {
    const versions = versionsIn(await stream.ask(subscribe('default', 'ROOTCA')));
    snapshots.set(snapshot([next]));
    const back = await open().ask({
      ...subscribe('default', 'ROOTCA', 'spiffe://example.org/old'),
      initial_resource_versions: { ...versions, 'spiffe://example.org/old': '1' },
    });
    assert.deepEqual([namesIn(back), back.removed_resources], [['default'], ['spiffe://example.org/old']]);
  });

  for (const { how, request } of [
    { how: 'names nothing', request: {} },
    { how: 'names `*`', request: subscribe('*') },
  ]) {
    it(`sends everything by its ID to who ${how}, and what comes and goes`, async () => {
      const first = await stream.ask(request);
      assert.deepEqual(namesIn(first), [ownId, idOfA]);
      snapshots.set(snapshot([identity('b')]));
      const second = await stream.reader.next();
      assert.deepEqual([namesIn(second), second.removed_resources], [['spiffe://example.org/b'], [idOfA]]);
      const third = await stream.ask({ resource_names_unsubscribe: ['*'], resource_names_subscribe: ['ROOTCA'] });
      assert.deepEqual([namesIn(third), third.removed_resources], [['ROOTCA'], []]);
      const back = await open().ask({ ...request, initial_resource_versions: { ...versionsIn(first), gone: '1' } });
      assert.deepEqual(
        [namesIn(back), [...back.removed_resources].sort()],
        [['spiffe://example.org/b'], ['gone', idOfA]],
      );
    });
  }

  it('refuses a caller without an identity, another type, and names without end', async () => {
    snapshots.set(snapshot([]));
    const failureOf = async (...requests: object[]): Promise<string> => {
      const failing = open();
      for (const request of requests) failing.send(request);
      const { code, details } = await failing.reader.failure();
      assert.equal(code, status.INVALID_ARGUMENT);
      return details;
    };
    const refused = 'workload is not authorized for the requested identities ["default"]';
    assert.equal(await failureOf(subscribe('default')), refused);
    snapshots.set(snapshot([a]));
    assert.match(await failureOf({ type_url: 'x' }), /"x" is not served here/);
    const many = [0, 1, 2].map((part) => subscribe(...Array.from({ length: 500 }, (_, i) => `${part}/${i}`)));
    assert.match(await failureOf(...many), /1500 resource names of \d+ characters; 1024 of 65536 together/);
  });
});
