import assert from 'node:assert/strict';
import { SpiffeId, TrustDomain, type SpiffeBundle } from '@credence/sdk';
import { silentLogger, systemRandom } from '@credence/sdk/runtime';
import { FakeBundleEndpoint, ManualClock, TestCa } from '@credence/sdk/testing';
import type { BundleStore } from '../../dist/datastore/bundle-store.js';
import type { TrustBundle } from '../../dist/domain/trust-bundle.js';
import { Federation } from '../../dist/federation/federation.js';
import { trustBundleOf } from '../../dist/federation/spiffe-bundles.js';
import { until } from '../../../sdk/dist-test/support/until.js';

const partner = TrustDomain.parse('partner.example');
const endpointId = SpiffeId.parse('spiffe://partner.example/endpoint');

class Bundles implements Pick<BundleStore, 'get' | 'set'> {
  readonly stored = new Map<string, TrustBundle>();
  writes = 0;

  get(trustDomain: TrustDomain): Promise<TrustBundle | undefined> {
    return Promise.resolve(this.stored.get(trustDomain.name));
  }

  set(bundle: TrustBundle): Promise<void> {
    this.writes++;
    this.stored.set(bundle.trustDomain.name, bundle);
    return Promise.resolve();
  }
}

describe('a federation relationship', () => {
  let ca: TestCa;
  let endpoint: FakeBundleEndpoint;
  let bundles: Bundles;
  let clock: ManualClock;
  let federation: Federation;
  let stop: AbortController;

  beforeEach(async () => {
    ca = await TestCa.create(partner);
    endpoint = await FakeBundleEndpoint.startSpiffe(await ca.x509Svid(endpointId));
    bundles = new Bundles();
    bundles.stored.set(partner.name, trustBundleOf(ca.spiffeBundle()));
    clock = new ManualClock(new Date());
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await federation[Symbol.asyncDispose]();
    await endpoint[Symbol.asyncDispose]();
  });

  const start = async (others: readonly { readonly name: string; readonly url: string }[] = []): Promise<void> => {
    const profile = { kind: 'https_spiffe', endpointId } as const;
    const configured = [{ name: partner.name, url: endpoint.url }, ...others].map(({ name, url }) => ({
      trustDomain: TrustDomain.parse(name),
      endpointUrl: url,
      profile,
    }));
    const relationships = { list: () => Promise.resolve({ items: [], nextToken: '' }) };
    federation = new Federation({ configured, relationships, bundles, clock, random: systemRandom, log: silentLogger });
    await federation.start(stop.signal);
  };
  const publish = (sequenceNumber: bigint, refreshHintMs?: number): SpiffeBundle => {
    const bundle = ca.spiffeBundle({ sequenceNumber, ...(refreshHintMs !== undefined && { refreshHintMs }) });
    endpoint.serve(bundle);
    return bundle;
  };
  const sequence = (): bigint | undefined => bundles.stored.get(partner.name)?.sequenceNumber;
  const refresh = (): Promise<void> => federation.refresh(partner);

  it('is asked at once, and after a quarter of the refresh hint (FED-6.2-a, TDB-4.1.2-c)', async () => {
    publish(1n, 3_600_000);
    await start();
    await until('the first bundle', () => sequence() === 1n);
    publish(2n, 3_600_000);
    await clock.advance(13 * 60_000);
    assert.equal(endpoint.requests.length, 1);
    await until('the second bundle', async () => {
      await clock.advance(1000);
      return sequence() === 2n;
    });
  });

  it('is asked once a minute at most, whatever the hint', async () => {
    publish(1n, 1000);
    await start();
    await until('the first bundle', () => sequence() === 1n);
    await clock.advance(50_000);
    assert.equal(endpoint.requests.length, 1);
  });

  it('does not take an older bundle (SPIFFE Trust Domain and Bundle §4.1.1), and one without a number any time', async () => {
    publish(7n);
    await start();
    await until('the first bundle', () => sequence() === 7n);
    publish(6n);
    await assert.rejects(refresh(), { code: 'ERR_FEDERATION_FETCH', message: /the sequence number 6 is older than 7/ });
    assert.equal(sequence(), 7n);
    endpoint.serve(ca.spiffeBundle());
    await refresh();
    assert.equal(sequence(), 0n);
  });

  it('writes a bundle that is the same only once', async () => {
    publish(1n);
    await start();
    await refresh();
    await refresh();
    assert.equal(bundles.writes, 1);
  });

  it('keeps the bundle when the endpoint fails, and says why', async () => {
    publish(1n);
    await start();
    await until('the first bundle', () => sequence() === 1n);
    endpoint.answer({ body: '{}' });
    await assert.rejects(refresh(), { code: 'ERR_FEDERATION_FETCH', message: /expected an array "keys"|"keys"/ });
    endpoint.answer({ status: 500 });
    await assert.rejects(refresh(), { code: 'ERR_FEDERATION_FETCH', message: /status 500/ });
    assert.equal(sequence(), 1n);
  });

  it('takes an empty bundle: every authority is revoked (TDB-4.1.3-c)', async () => {
    endpoint.answer({ body: '{"keys":[],"spiffe_sequence":2}' });
    await start();
    await until('the empty bundle', () => sequence() === 2n);
    assert.deepEqual(bundles.stored.get(partner.name)?.x509Authorities, []);
  });

  it('authenticates the endpoint by the stored bundle of its trust domain, or not at all (FED-5.2.2.4-b, FED-5.2.2.4-c)', async () => {
    publish(1n);
    bundles.stored.clear();
    await start();
    await assert.rejects(refresh(), {
      message: /no bundle of partner\.example is stored to authenticate the endpoint/,
    });
    bundles.stored.set(partner.name, trustBundleOf((await TestCa.create(partner)).spiffeBundle()));
    await assert.rejects(refresh(), { code: 'ERR_FEDERATION_FETCH' });
    assert.equal(endpoint.requests.length, 0);
    bundles.stored.set(partner.name, trustBundleOf(ca.spiffeBundle()));
    await refresh();
    assert.equal(sequence(), 1n);
  });

  it('is fetched at once when the bundle that was missing is set by hand, whichever way the wait had come to be', async () => {
    publish(1n);
    bundles.stored.clear();
    await start();
    await assert.rejects(refresh(), { code: 'ERR_FEDERATION_FETCH' });
    bundles.stored.set(partner.name, trustBundleOf(ca.spiffeBundle()));
    federation.wake(TrustDomain.parse('other.example'));
    federation.wake(partner);
    await until('the first bundle', () => sequence() === 1n);
    assert.equal(endpoint.requests.length, 1);
  });

  it('does not wait for another whose endpoint never answers', async () => {
    await using dead = await FakeBundleEndpoint.startSpiffe(await ca.x509Svid(endpointId));
    dead.answer('stall');
    publish(1n);
    await start([{ name: 'dead.example', url: dead.url }]);
    await until('the dead endpoint to be asked', () => dead.requests.length === 1);
    await until('the bundle', () => sequence() === 1n);
    publish(2n);
    await refresh();
    assert.equal(sequence(), 2n);
    assert.equal(bundles.stored.has('dead.example'), false);
  });

  it('that nobody made cannot be refreshed', async () => {
    publish(1n);
    await start();
    const stranger = TrustDomain.parse('stranger.example');
    await assert.rejects(federation.refresh(stranger), { code: 'ERR_RELATIONSHIP_NOT_FOUND' });
  });
});
