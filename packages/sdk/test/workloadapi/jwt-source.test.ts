import assert from 'node:assert/strict';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { JwtSource, verifyJwtSvid, type JwtSourceOptions, type SpiffeError } from '@credence/sdk';
import { FakeWorkloadApi, ManualClock, TestCa } from '@credence/sdk/testing';
import { until } from '../support/until.js';

describe('JwtSource', () => {
  let fake: FakeWorkloadApi;
  let ca: TestCa;
  const sources: JwtSource[] = [];
  const audience = 'spiffe://example.org/api';
  const create = async (options: JwtSourceOptions = {}): Promise<JwtSource> => {
    const source = await JwtSource.create({ address: fake.address, ...options });
    sources.push(source);
    return source;
  };
  const tokenCalls = (): number => fake.requests.filter(({ method }) => method === 'FetchJWTSVID').length;

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    fake.setJwt([ca.jwtBundle()], async ({ audience: wanted, subject }) =>
      subject === undefined
        ? [await ca.jwtSvid('/a', { audience: wanted }), await ca.jwtSvid('/b', { audience: wanted, hint: 'internal' })]
        : [await ca.jwtSvid(subject, { audience: wanted })],
    );
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await fake[Symbol.asyncDispose]();
  });

  it('is ready with the first bundles, and verifies by them what it fetches', async () => {
    const source = await create();
    const svid = await source.fetchJwtSvid({ audience });
    assert.equal((await verifyJwtSvid(svid.token, source, { audience })).id.path, '/a');
    assert.ok(source.bundleSet.has(ca.trustDomain));
    assert.equal(source.healthy, true);
  });

  it('asks the agent once for many callers, and for each that wants a fresh token', async () => {
    const source = await create();
    await Promise.all(Array.from({ length: 10 }, () => source.fetchJwtSvid({ audience })));
    await source.fetchJwtSvid({ audience });
    assert.equal(tokenCalls(), 1);
    await source.fetchJwtSvid({ audience }, { fresh: true });
    assert.equal(tokenCalls(), 2);
  });

  it('asks for the subject, and picks by hint', async () => {
    const source = await create({ hint: 'internal' });
    assert.equal((await source.fetchJwtSvid({ audience })).id.path, '/b');
    const other = await create();
    const subject = 'spiffe://example.org/c';
    assert.equal((await other.fetchJwtSvid({ audience, subject })).id.toString(), subject);
    const missing = await create({ hint: 'external' });
    await assert.rejects(missing.fetchJwtSvid({ audience }), { message: /'external'.*'', 'internal'/ });
  });

  it('refuses to ask for no audience, or for a subject that is no SPIFFE ID', async () => {
    const source = await create();
    await assert.rejects(source.fetchJwtSvid({ audience: [] }), TypeError);
    await assert.rejects(source.fetchJwtSvid({ audience: '' }), TypeError);
    await assert.rejects(source.fetchJwtSvid({ audience, subject: 'nobody' }), { code: 'ERR_SPIFFE_ID' });
    assert.equal(tokenCalls(), 0);
  });

  for (const code of [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED]) {
    it(`asks once more after ${status[code]}, and no third time`, async () => {
      const source = await create();
      fake.fail(code, 'by the test', { times: 1 });
      await source.fetchJwtSvid({ audience });
      assert.equal(tokenCalls(), 2);
      fake.fail(code, 'by the test', { times: 2 });
      await assert.rejects(source.fetchJwtSvid({ audience: 'other' }), { code: 'ERR_SPIFFE_WORKLOAD_API' });
      assert.equal(tokenCalls(), 4);
    });
  }

  it('does not ask again after PERMISSION_DENIED, nor when the agent takes too long', async () => {
    const source = await create({ fetchTimeoutMs: 100 });
    fake.fail(status.PERMISSION_DENIED, 'no identity issued', { times: 1 });
    await assert.rejects(source.fetchJwtSvid({ audience }), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    fake.stall();
    await assert.rejects(source.fetchJwtSvid({ audience }), { message: /100 ms/ });
    assert.equal(tokenCalls(), 2);
  });

  it('lets a token stand in while the agent is away, and reports it', async () => {
    const clock = new ManualClock(new Date());
    const source = await create({ clock });
    const held = await source.fetchJwtSvid({ audience });
    await clock.advance(200_000);
    const reported = once(source, 'error');
    await fake.stop();
    assert.equal((await source.fetchJwtSvid({ audience })).token, held.token);
    assert.equal(((await reported) as [SpiffeError])[0].code, 'ERR_SPIFFE_WORKLOAD_API');
  });

  it('WAPI-6.2.2-f: no longer uses bundles and tokens after PERMISSION_DENIED, unless it is told to', async () => {
    const [drop, keep] = [await create(), await create({ onRevoked: 'keep' })];
    await Promise.all([drop, keep].map((source) => source.fetchJwtSvid({ audience })));
    const revoked = once(drop, 'update');
    const failed = once(keep, 'error');
    fake.fail(status.PERMISSION_DENIED);
    assert.deepEqual(await revoked, [undefined]);
    await failed;
    assert.throws(() => drop.getJwtBundleForTrustDomain(ca.trustDomain), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    await assert.rejects(drop.fetchJwtSvid({ audience }), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    assert.ok(keep.getJwtBundleForTrustDomain(ca.trustDomain).equals(ca.jwtBundle()));
    assert.ok(await keep.fetchJwtSvid({ audience }));
  });

  it('takes up new bundles', async () => {
    const source = await create();
    const other = await TestCa.create('other.test');
    fake.setJwt([ca.jwtBundle(), other.jwtBundle()]);
    await until('the bundle', () => source.bundleSet.has(other.trustDomain));
    assert.ok(source.getJwtBundleForTrustDomain(other.trustDomain).equals(other.jwtBundle()));
  });

  it('ends the wait of a caller whose signal aborts, and every wait when it closes', async () => {
    const source = await create();
    fake.stall();
    const controller = new AbortController();
    const aborted = source.fetchJwtSvid({ audience }, { signal: controller.signal });
    const waiting = source.fetchJwtSvid({ audience });
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(aborted, reason);
    const closed = assert.rejects(waiting, { code: 'ERR_SPIFFE_CLOSED' });
    await source.close();
    await closed;
    await assert.rejects(source.fetchJwtSvid({ audience }), { code: 'ERR_SPIFFE_CLOSED' });
    assert.throws(() => source.bundleSet, { code: 'ERR_SPIFFE_CLOSED' });
  });
});
