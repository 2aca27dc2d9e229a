// The X.509-SVID messages of the Workload API, each sent over the wire to a source that has a good state: a bad one changes
// nothing, is reported, and does not end the stream (SPIFFE Workload API §§4.4–4.5, 5, 8).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  verifyX509Svid,
  WorkloadApiClient,
  X509Bundle,
  X509Source,
  type SpiffeError,
  type X509Svid,
} from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import type { X509SVIDResponse } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import { until } from '../support/until.js';
import { discarded, federated, goodMessage, type Scene } from './workload-api/x509-messages.js';

describe('the X.509-SVID messages of the Workload API', () => {
  let ca: TestCa;
  let other: TestCa;
  let fake: FakeWorkloadApi;
  let svids: readonly [X509Svid, X509Svid];

  before(async () => {
    [ca, other] = [await TestCa.create('example.org'), await TestCa.create('other.test')];
    svids = [await ca.x509Svid('/a', { hint: 'x' }), await ca.x509Svid('/b')];
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    fake.setX509(svids, [ca.bundle(), other.bundle()]);
  });
  afterEach(() => fake[Symbol.asyncDispose]());

  const scene = (): Scene => ({ ca, other, message: goodMessage(svids, ca, other) });
  const failure = async (source: X509Source): Promise<SpiffeError> =>
    ((await once(source, 'error')) as [SpiffeError])[0];

  for (const [id, title, change] of discarded) {
    it(`${id}, EV-47: one with ${title} is reported and never visible`, async () => {
      await using source = await X509Source.create({ address: fake.address });
      const before = source.context;
      const failed = failure(source);
      fake.setX509Response(await change(scene()));
      assert.equal((await failed).code, 'ERR_SPIFFE_RESPONSE');
      assert.equal(source.context, before);
      assert.equal(source.healthy, false);
      const next = source.waitUntilUpdated();
      fake.setX509([await ca.x509Svid('/next')], [ca.bundle()]);
      assert.equal((await next).defaultSvid.id.path, '/next');
      assert.equal(source.healthy, true);
      assert.equal(fake.requests.length, 1);
    });
  }

  it('EV-42: one that leaves out an SVID, a bundle and the CRLs takes them away (WAPI-4.4-a, WAPI-4.4-b, WAPI-4.4-c)', async () => {
    await using source = await X509Source.create({ address: fake.address });
    const withCrl = source.waitUntilUpdated();
    fake.setX509Response({ ...scene().message, crl: [Buffer.from('crl')] });
    assert.deepEqual((await withCrl).crls, [Buffer.from('crl')]);
    const peer = await other.credential('/peer');
    assert.equal(verifyX509Svid(peer.chain, source).id.path, '/peer');
    const updated = source.waitUntilUpdated();
    fake.setX509([svids[1]], [ca.bundle()]);
    const { crls, bundles } = await updated;
    assert.deepEqual([source.context.svids.length, crls.length, bundles.bundles.length], [1, 0, 1]);
    assert.equal(source.context.svidByHint('x'), undefined);
    assert.throws(() => verifyX509Svid(peer.chain, source), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('the default identity is the first, whatever the order (WAPI-8-a)', async () => {
    await using source = await X509Source.create({ address: fake.address });
    assert.equal(source.getX509Svid().id.path, '/a');
    const turned = source.waitUntilUpdated();
    fake.setX509([svids[1], svids[0]], [ca.bundle()]);
    assert.equal((await turned).defaultSvid.id.path, '/b');
    assert.equal(source.getX509Svid().id.path, '/b');
  });

  it('a hint that is absent or unknown is told apart from a failure (WAPI-8-c)', async () => {
    await using source = await X509Source.create({ address: fake.address });
    assert.equal(source.context.svidByHint('x')?.id.path, '/a');
    assert.equal(source.context.svidByHint('unknown'), undefined);
    await assert.rejects(X509Source.create({ address: fake.address, hint: 'unknown', timeoutMs: 200 }), {
      message: /no X.509-SVID has the hint 'unknown'; hints received: 'x', ''/,
    });
  });

  it('EV-40: of SVIDs with one hint the first counts, and is the one found by it (WAPI-5.2.1-d)', async () => {
    fake.setX509([svids[0], await ca.x509Svid('/c', { hint: 'x' })], [ca.bundle()]);
    await using source = await X509Source.create({ address: fake.address });
    assert.deepEqual(
      source.context.svids.map(({ id }) => id.path),
      ['/a'],
    );
    assert.equal(source.context.svidByHint('x')?.id.path, '/a');
  });

  for (const hint of ['h'.repeat(1024), 'h'.repeat(1025), 'a\0\n\u202e', 'ü'.repeat(1024)]) {
    it(`EV-41: a hint of ${Buffer.byteLength(hint)} bytes is taken as it is`, async () => {
      fake.setX509([await ca.x509Svid('/c', { hint })], [ca.bundle()]);
      await using source = await X509Source.create({ address: fake.address, hint });
      assert.equal(source.getX509Svid().hint, hint);
    });
  }

  it('BV-40: a federated bundle under the bare name of its trust domain counts', async () => {
    fake.setX509Response(await federated('other.test')(scene()));
    await using source = await X509Source.create({ address: fake.address });
    assert.ok(source.getX509BundleForTrustDomain(other.trustDomain).equals(other.bundle()));
  });

  for (const name of ['__proto__', 'constructor']) {
    it(`BV-38: the trust domain ${name} is one like any other`, async () => {
      const odd = await TestCa.create(name);
      fake.setX509(svids, [ca.bundle(), odd.bundle()]);
      await using source = await X509Source.create({ address: fake.address });
      assert.deepEqual(
        source.bundles.map(({ trustDomain }) => trustDomain.name),
        ['example.org', name],
      );
      assert.ok(source.getX509BundleForTrustDomain(odd.trustDomain).equals(odd.bundle()));
    });
  }

  it('BV-44: an empty federated bundle trusts nobody', async () => {
    fake.setX509Response(await federated('spiffe://other.test', () => Buffer.alloc(0))(scene()));
    await using source = await X509Source.create({ address: fake.address });
    const { chain } = await other.credential('/peer');
    assert.throws(() => verifyX509Svid(chain, source), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('BV-44: a leaf in a bundle vouches for nobody', async () => {
    const leaf = await other.childCa({ basicConstraints: { ca: false }, keyUsage: ['digitalSignature'] });
    const both = X509Bundle.fromCertificates(other.trustDomain, [leaf.certificate, other.certificate]);
    fake.setX509(svids, [ca.bundle(), both]);
    await using source = await X509Source.create({ address: fake.address });
    assert.equal(verifyX509Svid((await other.credential('/peer')).chain, source).id.path, '/peer');
    const { chain } = await leaf.credential('/forged');
    assert.throws(() => verifyX509Svid(chain.slice(0, 1), source), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('BV-45: a federated bundle of the own trust domain does not count, and is reported', async () => {
    const stranger = await TestCa.create('example.org');
    await using source = await X509Source.create({ address: fake.address });
    const failed = failure(source);
    fake.setX509Response(await federated('spiffe://example.org', () => stranger.bundle().toDer())(scene()));
    assert.match((await failed).message, /federated_bundles is not used for example.org/);
    assert.ok(source.getX509BundleForTrustDomain(ca.trustDomain).equals(ca.bundle()));
    assert.throws(() => source.getX509BundleForTrustDomain(other.trustDomain), { code: 'ERR_SPIFFE_NO_BUNDLE' });
  });

  it('EV-48: one over the size limit is no silent failure', async () => {
    const failures: SpiffeError[] = [];
    await using client = new WorkloadApiClient({ address: fake.address, maxMessageBytes: 1000 });
    const updates = client.watchX509Context({ onError: (error) => failures.push(error) });
    const next = updates.next();
    await until('the failure', () => failures.length > 0);
    assert.equal(failures[0]?.details['grpcCode'], 'RESOURCE_EXHAUSTED');
    await client.close();
    await assert.rejects(next, { code: 'ERR_SPIFFE_CLOSED' });
  });

  it('EV-48: one with more SVIDs or bundles than the limits is discarded and reported', async () => {
    await using source = await X509Source.create({ address: fake.address, limits: { svids: 2, bundles: 1 } });
    const { svids: good = [] } = scene().message;
    for (const [message, expected] of [
      [{ ...scene().message, svids: [...good, ...good.slice(1)] }, /svids has 3 entries/],
      [
        { ...scene().message, federated_bundles: { a: Buffer.of(), b: Buffer.of() } },
        /federated_bundles has 2 entries/,
      ],
    ] satisfies [X509SVIDResponse, RegExp][]) {
      const failed = failure(source);
      fake.setX509Response(message);
      assert.match((await failed).message, expected);
    }
    assert.equal(source.context.svids.length, 2);
  });
});
