import assert from 'node:assert/strict';
import { SpiffeId, type JwtSvid } from '@credence/sdk';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import { TokenCache } from '../../dist/workloadapi/token-cache.js';

const lifeMs = 300_000;

describe('the cache of JWT-SVIDs', () => {
  let ca: TestCa;
  let clock: ManualClock;
  let fetched: JwtSvid[];
  let answer: () => Promise<void>;
  let reports: unknown[];
  const passing = new Error('the agent is away');

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(() => {
    clock = new ManualClock(new Date('2030-01-01T00:00:00Z'));
    fetched = [];
    reports = [];
    answer = () => Promise.resolve();
  });

  const create = (maxEntries = 10): TokenCache =>
    new TokenCache({
      clock,
      maxEntries,
      fetch: async ({ audience }) => {
        await answer();
        const issuedAt = clock.now();
        const expiresAt = new Date(issuedAt.getTime() + lifeMs);
        const svid = await ca.jwtSvid('/a', { audience, issuedAt, expiresAt });
        fetched.push(svid);
        return svid;
      },
      mayStandIn: (error) => error === passing,
      report: (error) => reports.push(error),
    });
  const request = (...audience: [string, ...string[]]) => ({ audience, subject: undefined });
  const fail = (error: Error) => (): Promise<void> => Promise.reject(error);

  it('gives one token again to half its life', async () => {
    const cache = create();
    const first = await cache.get(request('x'));
    await clock.advance(lifeMs / 2 - 1);
    assert.equal(await cache.get(request('x')), first);
    await clock.advance(1);
    assert.notEqual(await cache.get(request('x')), first);
    assert.equal(fetched.length, 2);
  });

  it('tells tokens apart by subject and audience, in any order', async () => {
    const cache = create();
    const first = await cache.get(request('x', 'y'));
    assert.equal(await cache.get(request('y', 'x', 'y')), first);
    assert.notEqual(await cache.get(request('x')), first);
    const subject = SpiffeId.parse('spiffe://example.org/a');
    assert.notEqual(await cache.get({ ...request('x', 'y'), subject }), first);
    assert.equal(fetched.length, 3);
  });

  it('makes one call for all who ask at the same time', async () => {
    const cache = create();
    const all = await Promise.all(Array.from({ length: 20 }, () => cache.get(request('x'))));
    assert.equal(new Set(all).size, 1);
    assert.equal(fetched.length, 1);
  });

  it('gives no held token to who wants a fresh one, and holds the fresh one', async () => {
    const cache = create();
    const first = await cache.get(request('x'));
    const fresh = await cache.get(request('x'), { fresh: true });
    assert.notEqual(fresh, first);
    assert.equal(await cache.get(request('x')), fresh);
  });

  it('lets the old token stand in while the agent is away, and says so; not an expired one', async () => {
    const cache = create();
    const first = await cache.get(request('x'));
    await clock.advance(lifeMs / 2);
    answer = fail(passing);
    assert.equal(await cache.get(request('x')), first);
    assert.deepEqual(reports, [passing]);
    await clock.advance(lifeMs / 2);
    await assert.rejects(cache.get(request('x')), passing);
  });

  it('lets the old token stand in when the agent takes longer than a second', async () => {
    const cache = create();
    const first = await cache.get(request('x'));
    await clock.advance(lifeMs / 2);
    let release = (): void => undefined;
    answer = () => new Promise((resolve) => (release = resolve));
    const patient = cache.get(request('x'));
    await clock.waitForSleepers(1);
    await clock.advance(1000);
    assert.equal(await patient, first);
    answer = () => Promise.resolve();
    const next = cache.get(request('x'));
    release();
    assert.equal(await next, fetched[1]);
    assert.equal(clock.sleepers, 0);
  });

  it('gives no token after the agent has refused one', async () => {
    const cache = create();
    const refused = new Error('refused');
    await cache.get(request('x'));
    await clock.advance(lifeMs / 2);
    answer = fail(refused);
    await assert.rejects(cache.get(request('x')), refused);
    answer = fail(passing);
    await assert.rejects(cache.get(request('x')), passing);
  });

  it('forgets when it is told to, also what is on its way', async () => {
    const cache = create();
    const first = await cache.get(request('x'));
    const pending = cache.get(request('y'));
    cache.clear();
    const second = await pending;
    assert.notEqual(await cache.get(request('x')), first);
    assert.notEqual(await cache.get(request('y')), second);
  });

  it('holds so many tokens and lets the one go that was not used for longest', async () => {
    const cache = create(2);
    const [x, y] = [await cache.get(request('x')), await cache.get(request('y'))];
    await cache.get(request('x'));
    await cache.get(request('z'));
    assert.equal(await cache.get(request('x')), x);
    assert.notEqual(await cache.get(request('y')), y);
    const none = create(0);
    assert.notEqual(await none.get(request('x')), await none.get(request('x')));
  });
});
