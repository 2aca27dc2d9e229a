import assert from 'node:assert/strict';
import { once } from 'node:events';
import { BundleSource, WorkloadApiClient, type SourceOptions } from '@credence/sdk';
import { FakeWorkloadApi, ManualClock, TestCa } from '@credence/sdk/testing';
import { status } from '@grpc/grpc-js';
import { until } from '../support/until.js';

describe('BundleSource', () => {
  let fake: FakeWorkloadApi;
  let ca: TestCa;
  let other: TestCa;
  const sources: BundleSource[] = [];
  const create = async (options: SourceOptions = {}): Promise<BundleSource> => {
    const source = await BundleSource.create({ address: fake.address, ...options });
    sources.push(source);
    return source;
  };

  before(async () => {
    [ca, other] = [await TestCa.create('example.org'), await TestCa.create('other.test')];
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    fake.setX509([], [ca.bundle(), other.bundle()]);
    fake.setJwt([ca.jwtBundle()]);
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await fake[Symbol.asyncDispose]();
  });

  it('holds both kinds of bundles of every trust domain', async () => {
    const source = await create();
    assert.ok(source.getSpiffeBundleForTrustDomain(ca.trustDomain).equals(ca.spiffeBundle()));
    assert.ok(source.getX509BundleForTrustDomain(other.trustDomain).equals(other.bundle()));
    assert.deepEqual(source.getJwtBundleForTrustDomain(other.trustDomain).authorities, []);
    assert.equal(source.bundles.length, 2);
    assert.equal(source.healthy, true);
  });

  it('needs no X.509-SVID: it does not ask for one', async () => {
    await create();
    assert.deepEqual(fake.requests.map(({ method }) => method).sort(), ['FetchJWTBundles', 'FetchX509Bundles']);
  });

  it('is ready only when both have come', async () => {
    fake.setJwtResponse({ bundles: { bundles: {} } });
    const creating = create();
    let isReady = false;
    void creating.then(() => (isReady = true));
    await until('both calls', () => fake.requests.length === 2);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isReady, false);
    fake.setJwt([ca.jwtBundle()]);
    assert.ok((await creating).bundleSet.has(ca.trustDomain));
  });

  it('WAPI-4.4-d, WAPI-5.2.2-e: drops a bundle that a later message leaves out', async () => {
    const source = await create();
    fake.setX509([], [ca.bundle()]);
    await source.waitUntilUpdated();
    assert.throws(() => source.getX509BundleForTrustDomain(other.trustDomain), { code: 'ERR_SPIFFE_NO_BUNDLE' });
  });

  it('is not healthy while one of its streams fails, though the other goes on', async () => {
    const source = await create();
    const failed = once(source, 'error');
    fake.setJwtResponse({ bundles: Buffer.from('garbage') });
    await failed;
    fake.setX509([], [ca.bundle()]);
    await until('the update', () => source.bundles.length === 1);
    assert.equal(source.healthy, false);
    fake.setJwt([ca.jwtBundle()]);
    await until('the stream to be back', () => source.healthy);
  });

  it('holds nothing after PERMISSION_DENIED until both kinds are there again', async () => {
    const clock = new ManualClock(new Date());
    const source = await create({ clock });
    const revoked = once(source, 'update');
    fake.fail(status.PERMISSION_DENIED);
    assert.deepEqual(await revoked, [undefined]);
    assert.throws(() => source.bundles, { code: 'ERR_SPIFFE_NO_IDENTITY' });
    await clock.waitForSleepers(2);
    fake.serve();
    const restored = source.waitUntilUpdated();
    await clock.advance(1000);
    assert.equal((await restored).bundles.length, 2);
  });

  it('announces nothing that it does not hold, once one of its streams has ended for good', async () => {
    const clock = new ManualClock(new Date());
    const source = await create({ clock });
    const held = source.bundleSet;
    source.on('update', () => {
      assert.fail('an update that is not held');
    });
    fake.fail(status.UNIMPLEMENTED, 'no', { times: 1 });
    fake.setJwtResponse({ bundles: Buffer.from('garbage') });
    await clock.waitForSleepers(1);
    await assert.rejects(
      async () => {
        const ending = source.waitUntilUpdated();
        await clock.advance(1000);
        await ending;
      },
      { message: /UNIMPLEMENTED/ },
    );
    fake.setX509([], [ca.bundle()]);
    await using another = new WorkloadApiClient({ address: fake.address });
    await another.fetchX509Bundles();
    assert.equal(source.bundleSet, held);
    assert.equal(source.healthy, false);
  });

  it('rejects at once when the agent has no JWT profile', async () => {
    fake.fail(status.UNIMPLEMENTED, 'no', { times: 2 });
    await assert.rejects(create(), { code: 'ERR_SPIFFE_WORKLOAD_API', retryable: false });
  });
});
