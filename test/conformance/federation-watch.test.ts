// Keeping a foreign bundle current: the attack vectors that need more than one fetch, and when fetches come.
import assert from 'node:assert/strict';
import { SpiffeBundle, SpiffeBundleSet, verifyX509Svid, X509Bundle, X509BundleSet } from '@credence/sdk';
import { watchBundle, type FetchBundleOptions } from '@credence/sdk/federation';
import { FakeBundleEndpoint, TestCa, type BundleAnswer } from '@credence/sdk/testing';
import { until } from '../support/until.js';
import { fetchLimitMs, Watching } from './federation/watching.js';

const trustDomain = 'partner.test';
const endpointId = 'spiffe://partner.test/bundle-endpoint';
const minuteMs = 60_000;
const lasting = { notAfter: new Date(Date.now() + 30 * 24 * 60 * minuteMs) };

describe('watch of a bundle endpoint (SPIFFE Federation §4, §6)', () => {
  let partner: TestCa;
  let endpoint: FakeBundleEndpoint;
  let profile: FetchBundleOptions;
  before(async () => {
    partner = await TestCa.create(trustDomain);
  });
  beforeEach(async () => {
    endpoint = await FakeBundleEndpoint.startWeb();
    profile = { profile: 'https_web', ca: endpoint.ca };
  });
  afterEach(() => endpoint[Symbol.asyncDispose]());

  const bundle = (sequenceNumber?: bigint, refreshHintMs = 2 * minuteMs): SpiffeBundle =>
    partner.spiffeBundle({ refreshHintMs, ...(sequenceNumber === undefined ? {} : { sequenceNumber }) });
  const sequences = ({ bundles }: Watching): (bigint | undefined)[] => bundles.map((given) => given.sequenceNumber);

  it('FED-4.1-e, FED-4.1-f polls by the refresh hint (SPIFFE Federation §4.1)', async () => {
    endpoint.serve(bundle(1n));
    await using watching = new Watching(trustDomain, endpoint, profile);
    assert.equal(await watching.requests(1), 2 * minuteMs);
    await watching.next(1);
    assert.equal(await watching.requests(2), 2 * minuteMs);
  });

  it('FED-4.1-f, TDB-6.1-a polls every five minutes without a hint', async () => {
    endpoint.serve(partner.spiffeBundle());
    await using watching = new Watching(trustDomain, endpoint, profile);
    assert.equal(await watching.requests(1), 5 * minuteMs);
  });

  const hints: [seconds: number, waitMs: number][] = [
    [0, minuteMs],
    [1, minuteMs],
    [10 ** 10, 24 * 60 * minuteMs],
  ];
  for (const [seconds, waitMs] of hints) {
    it(`BV-27, TDB-4.1.2-c waits ${waitMs} ms after the refresh hint ${seconds}`, async () => {
      endpoint.serve(bundle(1n, seconds * 1000));
      await using watching = new Watching(trustDomain, endpoint, profile);
      assert.equal(await watching.requests(1), waitMs);
    });
  }

  it('FED-6.2-a gives a bundle once, and again when it has changed', async () => {
    endpoint.serve(bundle(1n), bundle(1n), bundle(2n));
    await using watching = new Watching(trustDomain, endpoint, profile);
    await watching.next(1);
    await watching.next(2);
    await watching.requests(3);
    assert.deepEqual(sequences(watching), [1n, 2n]);
  });

  it('BV-24, FED-4.2-b does not go back to an older sequence number, and says so', async () => {
    endpoint.serve(bundle(7n), bundle(6n), bundle(8n));
    await using watching = new Watching(trustDomain, endpoint, profile);
    await watching.next(1);
    await watching.requests(2);
    assert.deepEqual(sequences(watching), [7n]);
    assert.equal(watching.failures.length, 1);
    assert.match(watching.failures[0]!.error.message, /6 is older than 7/);
    await watching.next(2);
    await watching.requests(3);
    assert.deepEqual(sequences(watching), [7n, 8n]);
  });

  it('BV-24 does not go back behind what an earlier run held', async () => {
    endpoint.serve(bundle(6n), bundle(7n), bundle(8n));
    await using watching = new Watching(trustDomain, endpoint, profile, { held: bundle(7n) });
    await watching.next(1);
    await watching.next(2);
    await watching.requests(3);
    assert.equal(watching.failures.length, 1);
    assert.deepEqual(sequences(watching), [8n]);
  });

  it('BV-25 takes a bundle that changed without a new sequence number, and warns', async () => {
    const other = await TestCa.create(trustDomain);
    endpoint.serve(bundle(7n), other.spiffeBundle({ sequenceNumber: 7n }));
    const warnings: string[] = [];
    const nothing = (): void => undefined;
    const warn = (_fields: object, message: string): void => void warnings.push(message);
    const logger = { debug: nothing, info: nothing, warn, error: nothing };
    await using watching = new Watching(trustDomain, endpoint, profile, { logger });
    await watching.next(1);
    await watching.requests(2);
    assert.equal(watching.bundles.length, 2);
    assert.deepEqual(warnings, ['bundle changed without a new sequence number']);
  });

  it('BV-26, FED-4.2-c takes the last one retrieved where there are no sequence numbers', async () => {
    const other = await TestCa.create(trustDomain);
    endpoint.serve(bundle(), other.spiffeBundle(), bundle());
    await using watching = new Watching(trustDomain, endpoint, profile);
    await watching.next(1);
    await watching.next(2);
    await watching.requests(3);
    assert.equal(watching.bundles.length, 3);
    assert.ok(watching.bundles[2]?.equals(bundle()));
  });

  it('BV-03, TDB-4.1.3-d gives an empty bundle on: all keys are revoked', async () => {
    endpoint.answer({ body: bundle(1n).toJson() }, { body: '{"keys":[],"spiffe_sequence":2}' });
    await using watching = new Watching(trustDomain, endpoint, profile);
    await watching.next(1);
    await watching.requests(2);
    assert.equal(watching.bundles[1]?.x509.authorities.length, 0);
  });

  for (const status of [302, 308]) {
    it(`FV-13, FV-14, FED-5.2.1.4-h, FED-5.2.1.4-i asks at the configured URL after ${status}`, async () => {
      const moved = { status, headers: { location: '/moved' } };
      endpoint.answer(moved, { body: bundle(1n).toJson() }, { body: bundle(2n).toJson() });
      await using watching = new Watching(trustDomain, endpoint, profile);
      await watching.next(2);
      await watching.requests(3);
      assert.deepEqual(
        endpoint.requests.map(({ url }) => url),
        ['/', '/moved', '/'],
      );
    });
  }

  const failures: [what: string, answer: BundleAnswer, reason: string][] = [
    ['FV-17 HTML', { body: '<html>' }, 'malformed'],
    ['FV-17 nothing', {}, 'malformed'],
    ['FV-18 status 404', { status: 404 }, 'status'],
    ['FV-18 status 500', { status: 500 }, 'status'],
    ['FV-18 a connection that ends', 'drop', 'connection'],
  ];
  for (const [what, answer, reason] of failures) {
    it(`${what}: keeps what it has, asks again later and recovers (SPIFFE Federation §6.2)`, async () => {
      endpoint.answer({ body: bundle(1n).toJson() }, answer, { body: bundle(2n).toJson() });
      await using watching = new Watching(trustDomain, endpoint, profile);
      await watching.next(1);
      assert.ok((await watching.requests(2)) >= 0.8 * minuteMs);
      assert.deepEqual(sequences(watching), [1n]);
      assert.equal(watching.failures[0]?.error.details['reason'], reason);
      await watching.next(2);
      await watching.requests(3);
      assert.deepEqual(sequences(watching), [1n, 2n]);
    });
  }

  for (const answer of ['stall', 'hang'] as const) {
    it(`FV-18 gives up an endpoint that does not end in time: ${answer}`, async () => {
      endpoint.answer({ body: bundle(1n).toJson() }, answer, { body: bundle(2n).toJson() });
      await using watching = new Watching(trustDomain, endpoint, profile);
      await watching.next(1);
      await until('the second request', () => endpoint.requests.length === 2);
      await watching.clock.advance(fetchLimitMs);
      await watching.requests(2);
      assert.equal(watching.failures[0]?.error.details['reason'], 'timeout');
    });
  }

  it('FV-18, FED-6.2-b asks about once a minute at first while an endpoint fails, and once an interval in the end', async () => {
    endpoint.answer({ body: bundle(1n, 4 * minuteMs).toJson() }, { status: 500 });
    await using watching = new Watching(trustDomain, endpoint, profile);
    await watching.next(1);
    const waits: number[] = [];
    for (let count = 2; count < 7; count++) {
      waits.push((await watching.requests(count)) / minuteMs);
      await watching.next(count);
    }
    await watching.requests(7);
    // A minute, doubled up to the interval, each less a tenth by jitter.
    assert.deepEqual(waits, [0.9, 1.8, 3.6, 3.6, 3.6]);
    assert.deepEqual(
      watching.failures.slice(0, 5).map(({ retryInMs }) => retryInMs / minuteMs),
      waits,
    );
  });

  it('asks again within seconds while it has no bundle at all', async () => {
    endpoint.answer({ status: 500 }, { body: bundle(1n).toJson() });
    await using watching = new Watching(trustDomain, endpoint, profile);
    await until('the first failure', () => watching.failures.length === 1);
    assert.ok(watching.failures[0]!.retryInMs <= 5000);
    await watching.next(1);
    await watching.requests(2);
    assert.deepEqual(sequences(watching), [1n]);
  });

  it('FV-24 gives nothing after the end, not even what was under way', async () => {
    endpoint.answer('stall');
    const end = new AbortController();
    const given: SpiffeBundle[] = [];
    const watching = (async () => {
      const bundles = watchBundle(trustDomain, endpoint.url, { ...profile, signal: end.signal });
      for await (const next of bundles) given.push(next);
    })();
    await until('the request', () => endpoint.requests.length === 1);
    const reason = new Error('the relationship has ended');
    end.abort(reason);
    await assert.rejects(watching, reason);
    assert.deepEqual(given, []);
  });

  it('FED-6.3-a ends: no more polling, no bundle, no trust', async () => {
    endpoint.serve(bundle(1n));
    const peer = await partner.x509Svid('/peer');
    const chain = peer.certificates.map(({ raw }) => raw);
    const watching = new Watching(trustDomain, endpoint, profile);
    await watching.requests(1);
    const bundles = SpiffeBundleSet.of(...watching.bundles);
    assert.ok(verifyX509Svid(chain, bundles));
    await watching[Symbol.asyncDispose]();
    assert.equal(watching.clock.sleepers, 0);
    await watching.clock.advance(24 * 60 * minuteMs);
    assert.equal(endpoint.requests.length, 1);
    assert.throws(() => verifyX509Svid(chain, bundles.without(partner.trustDomain)));
  });

  it('refuses a bad configuration at once, not within the iteration', () => {
    assert.throws(() => watchBundle(trustDomain, 'http://partner.test', profile), {
      code: 'ERR_SPIFFE_BUNDLE_ENDPOINT',
    });
  });
});

describe('watch of a self-serving endpoint (SPIFFE Federation §5.2.2.4)', () => {
  it('FV-11, FV-12, FED-5.2.2.2-b, FED-5.2.2.4-b follows the roots that the endpoint itself announces, and never goes back', async () => {
    const old = await TestCa.create(trustDomain, lasting);
    const next = await TestCa.create(trustDomain, lasting);
    const x509 = X509Bundle.fromCertificates(old.trustDomain, [old.certificate, next.certificate]);
    const both = old.spiffeBundle({ sequenceNumber: 2n, refreshHintMs: minuteMs }).with({ x509 });
    const [oldSvid, newSvid] = await Promise.all([
      old.x509Svid(endpointId, lasting),
      next.x509Svid(endpointId, lasting),
    ]);
    await using endpoint = await FakeBundleEndpoint.startSpiffe(oldSvid);
    endpoint.serve(
      old.spiffeBundle({ sequenceNumber: 1n, refreshHintMs: minuteMs }),
      both,
      next.spiffeBundle({ sequenceNumber: 3n, refreshHintMs: minuteMs }),
      next.spiffeBundle({ sequenceNumber: 4n, refreshHintMs: minuteMs }),
    );
    const bundles = X509BundleSet.of(old.bundle());
    await using watching = new Watching(trustDomain, endpoint, { profile: 'https_spiffe', endpointId, bundles });
    await watching.next(1);
    await watching.requests(2);
    endpoint.present(newSvid);
    await watching.next(2);
    await watching.next(3);
    await watching.requests(4);
    assert.deepEqual(
      watching.bundles.map(({ sequenceNumber }) => sequenceNumber),
      [1n, 2n, 3n, 4n],
    );
    assert.equal(watching.failures.length, 0);

    endpoint.present(oldSvid);
    await watching.next(4);
    await until('the refusal', () => watching.failures.length === 1);
    assert.equal(watching.failures[0]?.error.details['reason'], 'connection');
    assert.equal(endpoint.requests.length, 4);
  });

  it('FED-5.2.2.4-i, FED-5.2.2.4-j asks at the configured URL after a redirect', async () => {
    const partner = await TestCa.create(trustDomain, lasting);
    await using endpoint = await FakeBundleEndpoint.startSpiffe(await partner.x509Svid(endpointId, lasting));
    const body = partner.spiffeBundle().toJson();
    endpoint.answer({ status: 308, headers: { location: '/moved' } }, { body });
    const bundles = X509BundleSet.of(partner.bundle());
    await using watching = new Watching(trustDomain, endpoint, { profile: 'https_spiffe', endpointId, bundles });
    await watching.next(2);
    await watching.requests(3);
    assert.deepEqual(
      endpoint.requests.map(({ url }) => url),
      ['/', '/moved', '/'],
    );
  });

  it('FED-4.2-a goes on from the bundle that was stored at the last retrieval, and keeps it while the endpoint is away', async () => {
    const partner = await TestCa.create(trustDomain, lasting);
    await using endpoint = await FakeBundleEndpoint.startSpiffe(await partner.x509Svid(endpointId, lasting));
    const given = [1n, 2n, 3n].map((sequenceNumber) => partner.spiffeBundle({ sequenceNumber }));
    endpoint.answer(...given.slice(0, 2).map((each) => ({ body: each.toJson() })));
    const profile: FetchBundleOptions = {
      profile: 'https_spiffe',
      endpointId,
      bundles: X509BundleSet.of(partner.bundle()),
    };
    let stored: string;
    {
      await using watching = new Watching(trustDomain, endpoint, profile);
      await watching.next(1);
      await watching.requests(2);
      stored = watching.bundles.at(-1)!.toJson();
    }
    endpoint.answer({ status: 503 }, { body: given[2]!.toJson() });
    const held = SpiffeBundle.parse(partner.trustDomain, stored);
    assert.ok(held.equals(given[1]!));
    // The bundle to begin with is of no use any more.
    const restarted = { ...profile, bundles: X509BundleSet.of((await TestCa.create(trustDomain)).bundle()) };
    await using watching = new Watching(trustDomain, endpoint, restarted, { held });
    await watching.next(3);
    await watching.requests(4);
    assert.equal(watching.failures.length, 1);
    assert.deepEqual(
      watching.bundles.map(({ sequenceNumber }) => sequenceNumber),
      [3n],
    );
  });

  it('FED-5.2.2.4-b begins with what an earlier run held, not with the first bundle', async () => {
    const old = await TestCa.create(trustDomain);
    const current = await TestCa.create(trustDomain);
    await using endpoint = await FakeBundleEndpoint.startSpiffe(await current.x509Svid(endpointId));
    endpoint.serve(current.spiffeBundle({ sequenceNumber: 2n }));
    const bundles = X509BundleSet.of(old.bundle());
    const held = current.spiffeBundle({ sequenceNumber: 1n });
    await using watching = new Watching(
      trustDomain,
      endpoint,
      { profile: 'https_spiffe', endpointId, bundles },
      { held },
    );
    await watching.requests(1);
    assert.equal(watching.bundles[0]?.sequenceNumber, 2n);
  });
});
