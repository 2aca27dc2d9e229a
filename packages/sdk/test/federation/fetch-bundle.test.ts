import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { isSpiffeError, TrustDomain } from '@credence/sdk';
import { fetchBundle, type FetchBundleOptions } from '@credence/sdk/federation';
import { FakeBundleEndpoint, ManualClock, TestCa } from '@credence/sdk/testing';
import { until } from '../support/until.js';

describe('fetchBundle', () => {
  let partner: TestCa;
  let endpoint: FakeBundleEndpoint;
  let options: FetchBundleOptions;
  before(async () => {
    partner = await TestCa.create('partner.test');
    endpoint = await FakeBundleEndpoint.startWeb();
    options = { profile: 'https_web', ca: endpoint.ca };
  });
  beforeEach(() => {
    endpoint.serve(partner.spiffeBundle());
  });
  after(() => endpoint[Symbol.asyncDispose]());

  const fetched = (more: Partial<FetchBundleOptions> = {}): Promise<unknown> =>
    fetchBundle('partner.test', endpoint.url, { ...options, ...more } as FetchBundleOptions);

  it('takes a trust domain and a URL as values, too', async () => {
    const bundle = await fetchBundle(TrustDomain.parse('partner.test'), new URL(endpoint.url), options);
    assert.ok(bundle.equals(partner.spiffeBundle()));
  });

  it('asks plainly: GET, JSON, no compression, nothing that tells who asks', async () => {
    await fetched();
    const { method, headers } = endpoint.requests.at(-1)!;
    assert.equal(method, 'GET');
    assert.deepEqual(Object.keys(headers).sort(), ['accept', 'accept-encoding', 'connection', 'host']);
  });

  it('says what failed, where and why, with the cause', async () => {
    endpoint.answer({ status: 503 });
    await assert.rejects(fetched(), (error) => {
      assert.ok(isSpiffeError(error, 'ERR_SPIFFE_BUNDLE_FETCH'));
      assert.deepEqual(error.details, { trustDomain: 'partner.test', url: endpoint.url, reason: 'status' });
      assert.match(error.message, /partner\.test.*503.*expected 200/);
      return true;
    });
    await assert.rejects(fetched({ profile: 'https_web', ca: undefined }), (error) => {
      assert.ok(isSpiffeError(error) && error.cause instanceof Error);
      return true;
    });
  });

  it('shows no query, which may be a secret', async () => {
    endpoint.answer({ status: 404 });
    await assert.rejects(
      fetchBundle('partner.test', endpoint.urlAt('/bundle?token=secret'), options),
      (error) => !inspect(error).includes('secret'),
    );
  });

  for (const answer of ['stall', 'hang'] as const) {
    it(`ends at its limit of time when an endpoint does this: ${answer}`, async () => {
      const clock = new ManualClock();
      endpoint.answer(answer);
      const before = endpoint.requests.length;
      const fetching = assert.rejects(fetched({ clock, timeoutMs: 5_000 }), (error) => {
        assert.ok(isSpiffeError(error, 'ERR_SPIFFE_BUNDLE_FETCH'));
        assert.equal(error.details['reason'], 'timeout');
        return true;
      });
      await until('the request', () => endpoint.requests.length > before);
      await clock.advance(4_999);
      assert.equal(clock.sleepers, 1);
      await clock.advance(1);
      await fetching;
    });
  }

  it('leaves no timer behind', async () => {
    const clock = new ManualClock();
    await fetched({ clock });
    assert.equal(clock.sleepers, 0);
  });

  it("rejects with the signal's reason, before and during the fetch", async () => {
    const reason = new Error('no longer needed');
    await assert.rejects(fetched({ signal: AbortSignal.abort(reason) }), reason);
    endpoint.answer('stall');
    const end = new AbortController();
    const before = endpoint.requests.length;
    const fetching = assert.rejects(fetched({ signal: end.signal }), reason);
    await until('the request', () => endpoint.requests.length > before);
    end.abort(reason);
    await fetching;
  });

  it('connects to no address that is refused, by its own rules or by yours', async () => {
    await assert.rejects(fetchBundle('partner.test', 'https://169.254.169.254/', options), /refused/);
    await assert.rejects(fetchBundle('partner.test', 'https://[fe80::1]/', options), /refused/);
    const before = endpoint.requests.length;
    const asked: string[] = [];
    const refuseAddress = (address: string): string => {
      asked.push(address);
      return 'loopback is refused here';
    };
    await assert.rejects(fetched({ refuseAddress }), /loopback is refused here/);
    assert.equal(endpoint.requests.length, before);
    assert.ok(asked.includes('127.0.0.1') || asked.includes('::1'));
  });
});
