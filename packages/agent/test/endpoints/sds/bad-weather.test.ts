// What a client of the secret discovery service may do to the agent and to others: nothing.
import assert from 'node:assert/strict';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { secretDiscoveryApi } from '@credence/sdk/wire';
import type { DiscoveryRequest } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { Value } from '@credence/sdk/wire/gen/google/protobuf/Value.js';
import type { SecretDiscoveryServiceClient } from '@credence/sdk/wire/gen/envoy/service/secret/v3/SecretDiscoveryService.js';
import { ManualClock } from '@credence/sdk/testing';
import { TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';
import { connectRaw } from '../../support/raw-call.js';
import { readSecret, SecretStream, secretsClient, type SotwStream } from '../../support/secrets.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

function openRaw(session: ClientHttp2Session, method = 'StreamSecrets'): ClientHttp2Stream {
  const headers = {
    ':method': 'POST',
    ':path': `/envoy.service.secret.v3.SecretDiscoveryService/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  return session.request(headers).on('error', () => undefined);
}

function frame(request: DiscoveryRequest): Buffer {
  return framed(secretDiscoveryApi.definition.StreamSecrets.requestSerialize(request));
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function nested(depth: number): Value {
  let value: Value = { boolValue: true };
  for (let i = 0; i < depth; i++) value = { listValue: { values: [value] } };
  return value;
}

describe('a client of the secret discovery service', () => {
  let snapshots: FakeWorkloadSnapshots;
  let endpoint: TestEndpoint;
  let client: SecretDiscoveryServiceClient;
  let session: ClientHttp2Session;
  let clock: ManualClock;

  beforeEach(async () => {
    snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')]));
    clock = new ManualClock();
    endpoint = await TestEndpoint.start({ snapshots, clock });
    client = secretsClient(endpoint.socketPath);
    session = connectRaw(endpoint.socketPath);
    session.on('error', () => undefined);
  });

  afterEach(async () => {
    client.close();
    session.destroy();
    await endpoint[Symbol.asyncDispose]();
  });

  const open = (): SotwStream => new SecretStream(client.StreamSecrets());
  const isServed = async (): Promise<void> => {
    const { resources } = await open().ask({ resource_names: ['default'] });
    assert.equal(resources.map(readSecret)[0]?.name, 'default');
  };

  it('that does not read holds one message, and gets the newest state when it does', async () => {
    const large = (generation: number): ReturnType<typeof snapshot> => {
      const bundle = trustBundle(
        'example.org',
        `generation ${String(generation).padStart(3, '0')};`,
        'x'.repeat(200_000),
      );
      return snapshot([identity('a')], { bundle });
    };
    const other = open();
    const before = await other.ask({ resource_names: ['ROOTCA'] });
    assert.equal(before.version_info, '1');
    const stuck = openRaw(session);
    stuck.write(frame({ resource_names: ['ROOTCA'] }));
    await until('the stream to be open', () => snapshots.open === 2);
    for (let generation = 1; generation <= 50; generation++) {
      snapshots.set(large(generation));
      await other.reader.next();
    }
    const newest = Buffer.from('generation 050;').toString('base64');
    let text = '';
    stuck.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    await until('the newest state to arrive', () => text.includes(newest));
    const messages = text.split('envoy.tls.cert_validator.spiffe').length - 1;
    assert.ok(messages <= 4, `${messages} messages were waiting`);
  });

  it('that storms without reading delays nobody, and piles up no answers', async () => {
    snapshots.set(snapshot([identity('a')], { bundle: trustBundle('example.org', 'x'.repeat(20_000)) }));
    const storm = openRaw(session, 'DeltaSecrets');
    const subscription = { resource_names_subscribe: ['ROOTCA'] };
    const again = framed(secretDiscoveryApi.definition.DeltaSecrets.requestSerialize(subscription));
    for (let i = 0; i < 10_000; i++) storm.write(again);
    await isServed();
    await until('the storm to be taken in', () => storm.writableLength === 0);
    await isServed();
    let text = '';
    storm.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    storm.end();
    await until('the end', () => storm.readableEnded);
    const answers = text.split('envoy.tls.cert_validator.spiffe').length - 1;
    assert.ok(answers >= 1 && answers < 20, `${answers} answers were waiting`);
  });

  it('may ask for hundreds of names, which count once', async () => {
    const names = Array.from({ length: 500 }, (_, i) => `spiffe://example.org/${i}`);
    const { resources } = await open().ask({ resource_names: [...names, 'default', ...names] });
    assert.deepEqual(
      resources.map((one) => readSecret(one).name),
      ['default'],
    );
  });

  it('may say as much of itself as Envoy does, and not much more', async () => {
    const metadata = (bytes: number): DiscoveryRequest => ({
      resource_names: ['default'],
      node: { id: 'web', metadata: { fields: { text: { stringValue: 'x'.repeat(bytes) } } } },
    });
    assert.equal((await open().ask(metadata(120_000))).resources.length, 1);
    const beyond = open();
    beyond.send(metadata(140_000));
    assert.equal((await beyond.reader.failure()).code, status.RESOURCE_EXHAUSTED);
    await isServed();
  });

  it('may nest what it says as deep as it can: nothing of it is needed', async () => {
    const deep = open();
    deep.send({ resource_names: ['default'], node: { metadata: { fields: { deep: nested(1_000) } } } });
    await Promise.race([deep.reader.next(), deep.reader.failure()]);
    const bomb = Buffer.alloc(100_000, 0x12);
    const raw = openRaw(session);
    raw.end(framed(bomb)).resume();
    await until('the refusal', () => raw.closed || raw.destroyed);
    await isServed();
  });

  it('must ask for something within 10 s, and may then be silent', async () => {
    const silent = open();
    await silent.ask({ resource_names: ['default'] });
    await clock.advance(60_000);
    snapshots.set(snapshot([identity('b')]));
    assert.equal((await silent.reader.next()).version_info, '2');
    openRaw(session);
    await clock.waitForSleepers(1);
    await clock.advance(10_000);
    await until('the connection to be cut', () => session.destroyed);
    await isServed();
  });

  it('may break off 32 streams on a connection', async () => {
    const breakOff = async (): Promise<void> => {
      const raw = openRaw(session);
      raw.write(frame({ resource_names: ['default'], type_url: 'other' }));
      await new Promise((resolve) => raw.once('response', resolve).once('close', resolve));
    };
    for (let i = 0; i < 32; i++) await breakOff();
    assert.equal(session.destroyed, false);
    await breakOff();
    await until('the connection to be cut', () => session.destroyed);
    await isServed();
  });
});
