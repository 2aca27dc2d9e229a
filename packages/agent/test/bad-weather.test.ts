// A whole agent that is cut off for longer than its SVIDs live, and one whose clock is set.
import assert from 'node:assert/strict';
import { systemClock, type Clock } from '@credence/sdk/runtime';
import { temporaryDirectory } from '../../sdk/dist-test/support/temporary-directory.js';
import { until } from '../../sdk/dist-test/support/until.js';
import { WatchingWorkload } from '../../sdk/dist-test/support/watching-workload.js';
import { agentFor, type AgentUnderTest } from './support/agent.js';
import { FakeServer, mine } from './support/fake-server.js';

const forever = new AbortController().signal;
const hourMs = 3_600_000;

/** The clock of the machine, which somebody sets. */
class SettableClock implements Clock {
  offsetMs = 0;
  readonly sleep = systemClock.sleep.bind(systemClock);

  now(): Date {
    return new Date(systemClock.now().getTime() + this.offsetMs);
  }
}

describe('an agent in bad weather', () => {
  let server: FakeServer;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let clock: SettableClock;

  beforeEach(async () => {
    server = await FakeServer.create();
    server.tokens.add('token');
    server.entries = [mine('web')];
    directory = await temporaryDirectory();
    clock = new SettableClock();
  });

  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  const agent = (): Promise<AgentUnderTest> => agentFor(server, directory.path, { token: 'token', clock });
  const expiryOf = (workload: WatchingWorkload): number =>
    workload.updates.at(-1)?.svids[0]?.expiresAt.getTime() ?? assert.fail('no SVID');

  it('cut off past half of the life of its SVIDs serves them on; past their end it does not, says so, and recovers', async () => {
    server.svidTtlMs = 4000;
    const { agent: made, log } = await agent();
    await using cutOff = made;
    await cutOff.start(forever);
    using early = new WatchingWorkload(cutOff.socketPath);
    await early.waitFor('/web');
    await server.stop();
    const expiresAt = expiryOf(early);
    await until('half of the life to pass', () => Date.now() > expiresAt - 1500);
    using inTime = new WatchingWorkload(cutOff.socketPath);
    await inTime.waitFor('/web');
    assert.equal(expiryOf(inTime), expiresAt);
    const said = (): boolean =>
      log.records.some(({ fields }) => 'expiredX509Svids' in fields && fields.expiredX509Svids === 1);
    assert.ok(!said());
    await until('the log to say that it has expired', said);
    assert.ok(Date.now() >= expiresAt);
    using late = new WatchingWorkload(cutOff.socketPath);
    await server.start();
    await late.waitFor('/web');
    assert.ok(late.updates.every(({ at, svids }) => svids.every((svid) => svid.expiresAt > at)));
    await until('the old stream to be served', () => expiryOf(early) > expiresAt);
    assert.deepEqual([early.ending, inTime.ending, late.ending], [undefined, undefined, undefined]);
  }).timeout(30_000);

  const settings: [name: string, offsetMs: number, svidTtlMs: number][] = [
    ['an hour back', -hourMs, 1_800_000],
    ['an hour back, where SVIDs live for a minute', -hourMs, 60_000],
    ['an hour ahead, where SVIDs live for two', hourMs, 2 * hourMs],
    ['a second back, as for a leap second', -1000, 60_000],
  ];
  for (const [name, offsetMs, svidTtlMs] of settings) {
    it(`whose clock is set ${name} serves on, and asks the server no more often than before`, async () => {
      server.svidTtlMs = svidTtlMs;
      server.agentTtlMs = 3 * hourMs;
      const { agent: made } = await agent();
      await using set = made;
      await set.start(forever);
      using before = new WatchingWorkload(set.socketPath);
      await before.waitFor('/web');
      clock.offsetMs = offsetMs;
      const rounds = server.count('SyncAuthorizedEntries');
      await until('some rounds', () => server.count('SyncAuthorizedEntries') > rounds + 5);
      using after = new WatchingWorkload(set.socketPath);
      await after.waitFor('/web');
      assert.equal(before.ending, undefined);
      assert.ok(server.count('BatchNewX509SVID') <= 3, `${server.count('BatchNewX509SVID')} requests`);
      clock.offsetMs = 0;
      using again = new WatchingWorkload(set.socketPath);
      await again.waitFor('/web');
    }).timeout(20_000);
  }

  it('whose clock is an hour ahead takes nothing that has expired by it, says so, asks seldom, and recovers', async () => {
    server.svidTtlMs = 1_800_000;
    const { agent: made, log } = await agent();
    await using set = made;
    await set.start(forever);
    using before = new WatchingWorkload(set.socketPath);
    await before.waitFor('/web');
    const count = (method: string): number => server.count(method);
    const [minted, renewed] = [count('BatchNewX509SVID'), count('RenewAgent')];
    clock.offsetMs = hourMs + 60_000;
    await until('the log to say so', () =>
      log.records.some(({ fields }) => 'err' in fields && String(fields.err).includes('has expired')),
    );
    using meanwhile = new WatchingWorkload(set.socketPath);
    const rounds = count('SyncAuthorizedEntries');
    await until('some rounds', () => count('SyncAuthorizedEntries') > rounds + 10);
    assert.equal(meanwhile.updates.length, 0);
    assert.ok(count('BatchNewX509SVID') - minted < 10, `${count('BatchNewX509SVID') - minted} requests`);
    assert.ok(count('RenewAgent') - renewed < 10, `${count('RenewAgent') - renewed} renewals`);
    clock.offsetMs = 0;
    await meanwhile.waitFor('/web');
    assert.equal(before.ending, undefined);
  }).timeout(30_000);
});
