import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { DiscoveryRequest } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { DiscoveryResponse__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryResponse.js';
import type { SecretDiscoveryServiceClient } from '@credence/sdk/wire/gen/envoy/service/secret/v3/SecretDiscoveryService.js';
import { agentError } from '../../../dist/domain/errors.js';
import type { WorkloadIdentity } from '../../../dist/domain/workload-identity.js';
import { header, StreamReader, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';
import { pem, readSecret, SecretStream, secretsClient, secretType, type SotwStream } from '../../support/secrets.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

const refused = (...names: readonly string[]): string =>
  `workload is not authorized for the requested identities [${names.map((name) => `"${name}"`).join(' ')}]`;

/** The same identity with its next SVID. */
function rotated(before: WorkloadIdentity, generation: number): WorkloadIdentity {
  return { ...before, svid: { ...before.svid, chain: [Buffer.from(`leaf ${before.entryId} ${generation}`)] } };
}

const [a, b] = [identity('a'), identity('b')];
const foreign = trustBundle('aaa.example', 'foreign root');

describe('StreamSecrets', () => {
  let snapshots: FakeWorkloadSnapshots;
  let endpoint: TestEndpoint;
  let client: SecretDiscoveryServiceClient;
  let stream: SotwStream;

  beforeEach(async () => {
    snapshots = new FakeWorkloadSnapshots(snapshot([a, b], { federated: [foreign] }));
    endpoint = await TestEndpoint.start({ snapshots });
    client = secretsClient(endpoint.socketPath);
    stream = open();
  });

  afterEach(async () => {
    client.close();
    await endpoint[Symbol.asyncDispose]();
  });

  const open = (): SotwStream => new SecretStream(client.StreamSecrets());
  const named = (...resource_names: readonly string[]): DiscoveryRequest => ({
    resource_names: [...resource_names],
    type_url: secretType,
  });
  const after = (
    { nonce, version_info }: DiscoveryResponse__Output,
    ...names: readonly string[]
  ): DiscoveryRequest => ({
    ...named(...names),
    response_nonce: nonce,
    version_info,
  });
  const namesIn = ({ resources }: DiscoveryResponse__Output): readonly string[] =>
    resources.map((resource) => readSecret(resource).name);

  it('sends an X.509-SVID with its key, as PEM', async () => {
    const response = await stream.ask(named('default'));
    assert.equal(response.version_info, '1');
    assert.equal(response.type_url, secretType);
    assert.match(response.nonce, /^[0-9a-f]{8}$/);
    const key = '-----BEGIN PRIVATE KEY-----\na2V5IGE=\n-----END PRIVATE KEY-----\n';
    assert.deepEqual(response.resources.map(readSecret), [
      { name: 'default', chain: pem('leaf a,', 'intermediate'), key },
    ]);
  });

  const own = { 'example.org': pem('root') };
  for (const { name, trustDomains } of [
    { name: 'ROOTCA', trustDomains: own },
    { name: 'spiffe://example.org', trustDomains: own },
    { name: 'spiffe://aaa.example', trustDomains: { 'aaa.example': pem('foreign root') } },
    { name: 'ALL', trustDomains: { 'aaa.example': pem('foreign root'), ...own } },
  ]) {
    it(`sends ${name} for the SPIFFE validator, each trust domain with its own authorities`, async () => {
      const { resources } = await stream.ask(named(name));
      assert.deepEqual(resources.map(readSecret), [{ name, trustDomains }]);
      const [secret] = resources.map(readSecret);
      assert.deepEqual(Object.keys(secret?.trustDomains ?? {}), Object.keys(trustDomains));
    });
  }

  it('names identities by SPIFFE ID, and the first by entry ID also `default`', async () => {
    const first = await stream.ask(named('spiffe://example.org/b', 'spiffe://example.org/a'));
    assert.deepEqual(namesIn(first), ['spiffe://example.org/b', 'spiffe://example.org/a']);
    const second = await stream.ask(after(first, 'default', 'spiffe://example.org/b', '', 'default'));
    assert.deepEqual(namesIn(second), ['default', 'spiffe://example.org/b']);
  });

  it('sends everything by its ID, and no alias, to who asks for no name', async () => {
    const ids = ['spiffe://example.org', 'spiffe://aaa.example', 'spiffe://example.org/a', 'spiffe://example.org/b'];
    assert.deepEqual(namesIn(await stream.ask(named())), ids);
    assert.deepEqual(namesIn(await open().ask(named('', ''))), ids);
  });

  it('says nothing to an acknowledgement, and answers other names with the same version', async () => {
    const first = await stream.ask(named('default'));
    stream.send(after(first, 'default'));
    const second = await stream.ask(after(first, 'default', 'ROOTCA'));
    assert.deepEqual([namesIn(second), second.version_info], [['default', 'ROOTCA'], '1']);
    assert.notEqual(second.nonce, first.nonce);
  });

  it('pushes a rotated SVID to who asked for it, and to nobody else', async () => {
    const certificate = await stream.ask(named('default'));
    const bundles = open();
    const roots = await bundles.ask(named('ROOTCA'));
    snapshots.set(snapshot([rotated(a, 2), b], { federated: [foreign] }));
    const push = await stream.reader.next();
    assert.equal(push.version_info, '2');
    assert.equal(push.resources.map(readSecret)[0]?.chain, pem('leaf a 2'));
    assert.notEqual(push.nonce, certificate.nonce);
    snapshots.set(snapshot([rotated(a, 2), b], { bundle: trustBundle('example.org', 'root', 'next root') }));
    const next = await bundles.reader.next();
    assert.equal(next.version_info, '2');
    assert.deepEqual(next.resources.map(readSecret)[0]?.trustDomains, { 'example.org': pem('root', 'next root') });
    assert.notEqual(next.nonce, roots.nonce);
    assert.equal(stream.reader.waiting, 0);
  });

  it('ignores a request with another nonce than that of the last response, whatever it asks', async () => {
    const first = await stream.ask(named('default'));
    stream.send({ ...after(first, 'ROOTCA'), response_nonce: 'stale' });
    stream.send({ ...after(first, 'ROOTCA'), response_nonce: '' });
    const second = await stream.ask(after(first, 'default', 'spiffe://example.org/b'));
    assert.deepEqual(namesIn(second), ['default', 'spiffe://example.org/b']);
  });

  it('sends nothing to a NACK until there is something new', async () => {
    const first = await stream.ask(named('default'));
    stream.send({ ...after(first, 'default'), error_detail: { code: 3, message: 'Failed to load' } });
    await stream.ask(after(first, 'default', 'ROOTCA'));
    snapshots.set(snapshot([rotated(a, 2), b]));
    assert.equal((await stream.reader.next()).version_info, '2');
    assert.equal(stream.reader.waiting, 0);
  });

  it('holds back what no entry gives to the caller, and sends it as soon as one does', async () => {
    const partly = await stream.ask(named('default', 'spiffe://example.org/late', 'file-cert:x'));
    assert.deepEqual(namesIn(partly), ['default']);
    const whole = open();
    whole.send(named('spiffe://example.org/late'));
    await until('both streams to be served', () => snapshots.taken === 2);
    snapshots.set(snapshot([a, b, identity('late')]));
    assert.deepEqual(namesIn(await whole.reader.next()), ['spiffe://example.org/late']);
    assert.deepEqual(namesIn(await stream.reader.next()), ['default', 'spiffe://example.org/late']);
  });

  it('stays open when the identity goes, takes nothing back, and goes on when it comes again', async () => {
    await stream.ask(named('default'));
    snapshots.set(snapshot([]));
    await until('the change to be seen', () => snapshots.taken === 2);
    snapshots.set(snapshot([rotated(a, 2)]));
    assert.deepEqual(namesIn(await stream.reader.next()), ['default']);
    assert.equal(stream.reader.waiting, 0);
  });

  it('refuses a caller without an identity, in the words of SPIRE, and serves it once there is one', async () => {
    snapshots.set(snapshot([]));
    for (const names of [['default'], ['ROOTCA'], ['default', 'ALL'], ['spiffe://example.org/a'], []]) {
      const alone = open();
      alone.send(named(...names));
      const { code, details } = await alone.reader.failure();
      assert.deepEqual({ code, details }, { code: status.INVALID_ARGUMENT, details: refused(...names.sort()) });
    }
    snapshots.set(snapshot([a]));
    assert.deepEqual(namesIn(await open().ask(named('default'))), ['default']);
  });

  for (const { names, loser } of [
    { names: ['spiffe://example.org', 'ROOTCA'], loser: 'ROOTCA' },
    { names: ['ROOTCA', 'ALL'], loser: 'ALL' },
    { names: ['ALL', 'spiffe://example.org'], loser: 'ALL' },
    { names: ['default', 'spiffe://example.org/a'], loser: 'default' },
  ]) {
    it(`refuses ${names.join(' with ')}: they exclude each other, as in SPIRE`, async () => {
      stream.send(named(...names));
      const { code, details } = await stream.reader.failure();
      assert.deepEqual({ code, details }, { code: status.INVALID_ARGUMENT, details: refused(loser) });
    });
  }

  it('serves `default` beside another identity that becomes the first', async () => {
    await stream.ask(named('default', 'spiffe://example.org/b'));
    snapshots.set(snapshot([b]));
    const next = await stream.reader.next();
    assert.deepEqual(
      next.resources.map(readSecret).map(({ chain }) => chain),
      [pem('leaf b,', 'intermediate'), pem('leaf b,', 'intermediate')],
    );
  });

  it('refuses another type, and names the one that it has; none is taken as that', async () => {
    const { type_url: answered } = await open().ask({ resource_names: ['default'] });
    assert.equal(answered, secretType);
    stream.send({ type_url: 'type.googleapis.com/envoy.config.listener.v3.Listener' });
    const { code, details } = await stream.reader.failure();
    assert.equal(code, status.INVALID_ARGUMENT);
    assert.match(details, /Listener" is not served here; .*\.v3\.Secret is accepted/);
  });

  it('ends well when Envoy has no more to ask', async () => {
    await stream.ask(named('default'));
    await stream.end();
    const hasty = open();
    hasty.send(named('ROOTCA'));
    const ended = hasty.end();
    assert.deepEqual(namesIn(await hasty.reader.next()), ['ROOTCA']);
    await ended;
  });

  it('ends with UNAVAILABLE when the agent stops', async () => {
    await stream.ask(named('default'));
    snapshots.end();
    assert.equal((await stream.reader.failure()).code, status.UNAVAILABLE);
  });
});

describe('StreamSecrets as the operator wants it', () => {
  it('uses the names of the configuration', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([a]));
    const sds = {
      defaultSvidName: 'mine',
      defaultBundleName: 'roots',
      defaultAllBundlesName: 'all-roots',
      disableSpiffeCertValidation: false,
    };
    await using endpoint = await TestEndpoint.start({ snapshots, rules: { sds } });
    const client = secretsClient(endpoint.socketPath);
    for (const name of ['mine', 'roots', 'all-roots']) {
      const { resources } = await new SecretStream(client.StreamSecrets()).ask({ resource_names: [name] });
      assert.deepEqual(
        resources.map((one) => readSecret(one).name),
        [name],
      );
    }
    client.close();
  });

  it('takes the own bundle for a name that is said to mean several things', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([a], { federated: [foreign] }));
    const sds = {
      defaultSvidName: 'x',
      defaultBundleName: 'x',
      defaultAllBundlesName: 'x',
      disableSpiffeCertValidation: false,
    };
    await using endpoint = await TestEndpoint.start({ snapshots, rules: { sds } });
    const client = secretsClient(endpoint.socketPath);
    const names = ['x', 'spiffe://example.org/a'];
    const { resources } = await new SecretStream(client.StreamSecrets()).ask({ resource_names: names });
    assert.deepEqual(
      resources.map(readSecret).map(({ trustDomains = {} }) => Object.keys(trustDomains)),
      [['example.org'], []],
    );
    client.close();
  });

  it('gives the own bundle to callers without an identity where that is allowed', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([]));
    await using endpoint = await TestEndpoint.start({ snapshots, rules: { allowUnauthenticatedVerifiers: true } });
    const client = secretsClient(endpoint.socketPath);
    const { resources } = await new SecretStream(client.StreamSecrets()).ask({ resource_names: ['ROOTCA'] });
    assert.equal(resources.length, 1);
    const stream = new SecretStream(client.StreamSecrets());
    stream.send({ resource_names: ['ROOTCA', 'default'] });
    assert.equal((await stream.reader.failure()).details, refused('default'));
    client.close();
  });

  it('ends with UNAVAILABLE when the caller cannot be attested', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([a]));
    const attest = (): Promise<never> => Promise.reject(agentError('ERR_ATTESTATION', 'planned'));
    await using endpoint = await TestEndpoint.start({ snapshots, attestation: { attest } });
    const client = secretsClient(endpoint.socketPath);
    const { code, details } = await new SecretStream(client.StreamSecrets()).reader.failure();
    assert.deepEqual([code, details], [status.UNAVAILABLE, 'workload attestation failed']);
    client.close();
  });

  it('is not there when it is switched off, and the Workload API is, and the other way round', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([a]));
    for (const services of [
      { workloadApi: true, sds: false },
      { workloadApi: false, sds: true },
    ]) {
      await using endpoint = await TestEndpoint.start({ snapshots, services });
      const client = secretsClient(endpoint.socketPath);
      const secrets = new SecretStream(client.StreamSecrets());
      const svids = new StreamReader(endpoint.client.FetchX509SVID({}, header()));
      secrets.send({ resource_names: ['default'] });
      const [there, missing] = services.sds ? [secrets.reader, svids] : [svids, secrets.reader];
      assert.ok(await (there as StreamReader<unknown>).next());
      assert.equal((await missing.failure()).code, status.UNIMPLEMENTED);
      client.close();
    }
  });
});
