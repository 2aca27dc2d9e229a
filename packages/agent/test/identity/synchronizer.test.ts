import assert from 'node:assert/strict';
import { TrustDomain, type X509Svid } from '@credence/sdk';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import type { AuthorizedEntry } from '../../dist/domain/authorized-entry.js';
import { agentError } from '../../dist/domain/errors.js';
import { BundleCache, noBundleChanges } from '../../dist/identity/bundle-cache.js';
import { EntryCache } from '../../dist/identity/entry-cache.js';
import type { Ring } from '../../dist/identity/ports.js';
import { JwtSvidCache } from '../../dist/identity/jwt-svid-cache.js';
import { Minter } from '../../dist/identity/minter.js';
import { Subscriptions } from '../../dist/identity/subscriptions.js';
import { SvidCache } from '../../dist/identity/svid-cache.js';
import { SvidDemand } from '../../dist/identity/svid-demand.js';
import { Synchronizer } from '../../dist/identity/synchronizer.js';
import { bundle, entry, middle, rotation, selector } from '../support/entries.js';
import { MemoryServer } from '../support/memory-server.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { until } from '../../../sdk/dist-test/support/until.js';

interface World {
  clock: ManualClock;
  port: MemoryServer;
  svids: SvidCache;
  log: RecordingLogger;
  subscriptions: Subscriptions;
  synchronizer: Synchronizer;
  refusals: Error[];
  disk: { stored: bigint[]; failure: Error | undefined };
}

async function setUp(): Promise<World> {
  const clock = new ManualClock();
  const port = new MemoryServer(await TestCa.create('example.org'), clock);
  const log = new RecordingLogger();
  const [entries, bundles] = [new EntryCache(), new BundleCache(bundle('example.org', 'stored'))];
  const svids = new SvidCache({ clock, random: middle, rotation });
  const refusals: Error[] = [];
  const onMissing = (): void => {
    synchronizer.hurry();
  };
  const subscriptions = new Subscriptions({ entries, svids, bundles, onMissing });
  const disk: { stored: bigint[]; failure: Error | undefined } = { stored: [], failure: undefined };
  const minter = new Minter({
    clock,
    server: port,
    svids,
    keyType: 'ec-p256',
    log,
    onIssued: (issued) => {
      subscriptions.notify({ entries: issued, bundles: noBundleChanges });
    },
  });
  const jwtSvids = new JwtSvidCache({ clock, random: middle, log, server: port, maxSize: 10 });
  const common = { clock, random: middle, log, intervalMs: 5000, server: port, entries, bundles, svids };
  const synchronizer = new Synchronizer({
    ...common,
    jwtSvids,
    demand: new SvidDemand({ entries, svids, subscriptions, maxSize: 10 }),
    minter,
    subscriptions,
    onChanged: () => undefined,
    onOutcome: () => Promise.resolve(false),
    onBundle: () => undefined,
    storeBundle: ({ sequenceNumber }) => {
      if (disk.failure !== undefined) return Promise.reject(disk.failure);
      disk.stored.push(sequenceNumber);
      return Promise.resolve();
    },
    onRefused: (refusal) => {
      refusals.push(refusal);
      return Promise.reject(refusal);
    },
  });
  return { clock, port, svids, log, subscriptions, synchronizer, refusals, disk };
}

function hold(svids: SvidCache, held: AuthorizedEntry): X509Svid | string | undefined {
  return svids.identity(held)?.spiffeId.toString();
}

describe('synchronizer', () => {
  let stop: AbortController;

  beforeEach(() => {
    stop = new AbortController();
  });

  afterEach(() => {
    stop.abort();
  });

  it('mints for every entry, in batches of the size that the server bears', async () => {
    const { port, svids, synchronizer } = await setUp();
    port.entries = ['a', 'b', 'c', 'd', 'e'].map((id) => entry(id));
    await synchronizer.synchronize(stop.signal);
    assert.deepEqual(port.batches, [2, 2, 1]);
    assert.equal(svids.size, 5);
  });

  it('mints again only what is due', async () => {
    const { port, synchronizer } = await setUp();
    port.entries = [entry('a'), entry('b')];
    await synchronizer.synchronize(stop.signal);
    port.entries = [entry('a'), entry('b', { revisionNumber: 1n })];
    await synchronizer.synchronize(stop.signal);
    assert.deepEqual(port.batches, [2, 1]);
  });

  it('leaves alone what is for a secret store, and what nobody wants and is not to be fetched ahead', async () => {
    const { port, svids, subscriptions, synchronizer } = await setUp();
    const lazy = entry('lazy', { disableX509SvidPrefetch: true });
    port.entries = [lazy, entry('stored', { storeSvid: true })];
    await synchronizer.synchronize(stop.signal);
    assert.equal(svids.size, 0);
    const stream = subscriptions.watch([selector('unix:uid:1000')], stop.signal);
    const first = stream.next();
    await synchronizer.synchronize(stop.signal);
    assert.equal((await first).value?.identities[0]?.entryId, 'lazy');
  });

  it('keeps going when the server refuses one entry', async () => {
    const { port, svids, log, synchronizer } = await setUp();
    port.entries = [entry('a'), entry('b')];
    port.refused.add('a');
    await synchronizer.synchronize(stop.signal);
    assert.deepEqual([hold(svids, entry('a')), hold(svids, entry('b'))], [undefined, 'spiffe://example.org/b']);
    assert.equal(log.count('failed to mint X509-SVID'), 1);
  });

  it('runs a round every interval, and asks for ever while the server is away, up to a minute apart', async () => {
    const { clock, port, synchronizer } = await setUp();
    const running = assert.rejects(synchronizer.run(stop.signal), { name: 'AbortError' });
    await clock.waitForSleepers(1);
    await clock.advance(5000);
    assert.equal(port.syncs, 1);
    port.failure = agentError('ERR_SERVER_UNREACHABLE', 'away');
    await clock.advance(5000);
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      await clock.waitForSleepers(1);
      waits.push(clock.nextDueMs ?? 0);
      await clock.advance(clock.nextDueMs ?? 0);
    }
    assert.equal(port.syncs, 22);
    assert.ok(waits.every((wait, i) => wait >= (waits[i - 1] ?? 0)));
    assert.equal(waits.at(-1), 60_000 * 0.9);
    port.failure = undefined;
    await clock.advance(clock.nextDueMs ?? 0);
    await clock.waitForSleepers(1);
    assert.equal(clock.nextDueMs, 5000);
    stop.abort();
    await running;
  });

  it('does not let a rotation wait for the round', async () => {
    const { clock, port, svids, synchronizer } = await setUp();
    port.entries = [entry('a')];
    port.lifetimeMs = 4000;
    await synchronizer.synchronize(stop.signal);
    const running = assert.rejects(synchronizer.run(stop.signal), { name: 'AbortError' });
    for (let round = 2; round < 5; round++) {
      await clock.waitForSleepers(1);
      assert.equal(clock.nextDueMs, 2000);
      await clock.advance(2000);
      await until(`round ${round}`, () => port.batches.length === round);
      assert.notEqual(hold(svids, entry('a')), undefined);
    }
    stop.abort();
    await running;
  });

  it('hands over a refusal, and ends when nothing can be done about it', async () => {
    const { port, synchronizer, refusals } = await setUp();
    port.failure = agentError('ERR_SERVER_REFUSED', 'banned');
    await assert.rejects(synchronizer.synchronize(stop.signal), { code: 'ERR_SERVER_REFUSED' });
    assert.equal(refusals.length, 1);
  });

  it('tells its readers first when the disk is full, and stores the bundle as soon as it can', async () => {
    const { port, log, subscriptions, synchronizer, disk } = await setUp();
    const [kept, gone] = [entry('kept'), entry('gone', { selectors: [selector('unix:uid:2')] })];
    port.entries = [kept, gone];
    await synchronizer.synchronize(stop.signal);
    assert.deepEqual(disk.stored, [0n]);
    const streams = ['unix:uid:1000', 'unix:uid:2'].map((of) => subscriptions.watch([selector(of)], stop.signal));
    for (const stream of streams) assert.equal((await stream.next()).value?.identities.length, 1);
    const next = streams.map((stream) => stream.next());
    disk.failure = new Error('no space left on device');
    port.entries = [kept];
    port.own = { ...bundle('example.org', 'root', 'new root'), sequenceNumber: 1n };
    await synchronizer.synchronize(stop.signal);
    const seen = (await Promise.all(next)).map(({ value }) => [value?.identities.length, value?.bundle.sequenceNumber]);
    assert.deepEqual(seen, [
      [1, 1n],
      [0, 1n],
    ]);
    assert.equal(log.count('the bundle could not be stored'), 1);
    disk.failure = undefined;
    await synchronizer.synchronize(stop.signal);
    await synchronizer.synchronize(stop.signal);
    assert.deepEqual(disk.stored, [0n, 1n]);
  });

  it('does not hurry for an SVID that nobody wants any more', async () => {
    const { clock, port, subscriptions, synchronizer } = await setUp();
    port.entries = [entry('lazy', { disableX509SvidPrefetch: true })];
    port.lifetimeMs = 4000;
    const stream = subscriptions.watch([selector('unix:uid:1000')], stop.signal);
    const first = stream.next();
    await synchronizer.synchronize(stop.signal);
    await first;
    await stream.return();
    const running = assert.rejects(synchronizer.run(stop.signal), { name: 'AbortError' });
    await clock.waitForSleepers(1);
    assert.equal(clock.nextDueMs, 5000);
    await clock.advance(60_000);
    assert.ok(port.syncs <= 14, `${port.syncs} rounds`);
    stop.abort();
    await running;
  });

  it('does not hurry for an SVID that the server refuses to renew, and asks ever more seldom', async () => {
    const { clock, port, log, synchronizer } = await setUp();
    port.entries = [entry('a')];
    port.lifetimeMs = 4000;
    await synchronizer.synchronize(stop.signal);
    const running = assert.rejects(synchronizer.run(stop.signal), { name: 'AbortError' });
    port.refused.add('a');
    const rounds = port.syncs;
    for (let second = 0; second < 180; second++) {
      await clock.waitForSleepers(1);
      await clock.advance(1000);
    }
    const refusals = log.count('failed to mint X509-SVID');
    assert.ok(refusals >= 4 && refusals <= 10, `${refusals} refusals`);
    assert.ok(port.syncs - rounds < 50, `${port.syncs - rounds} rounds`);
    port.refused.clear();
    await clock.advance(60_000);
    await until('the SVID to be renewed', async () => {
      await clock.advance(1000);
      return port.batches.length > refusals + 1;
    });
    stop.abort();
    await running;
  });

  it('keeps rounds apart, however often somebody is in a hurry', async () => {
    const { clock, port, synchronizer } = await setUp();
    await synchronizer.synchronize(stop.signal);
    const running = assert.rejects(synchronizer.run(stop.signal), { name: 'AbortError' });
    for (let i = 0; i < 200; i++) {
      synchronizer.hurry();
      await clock.advance(10);
    }
    assert.ok(port.syncs >= 4 && port.syncs <= 5, `${port.syncs} rounds in 2 s`);
    stop.abort();
    await running;
  });

  it('keeps a good SVID when the server issues one that has expired', async () => {
    const { clock, port, svids, log, synchronizer } = await setUp();
    port.entries = [entry('a')];
    await synchronizer.synchronize(stop.signal);
    port.entries = [entry('a', { revisionNumber: 1n })];
    await clock.advance(60_000);
    port.lifetimeMs = -1000;
    await synchronizer.synchronize(stop.signal);
    assert.equal(log.count('failed to mint X509-SVID'), 1);
    assert.equal(hold(svids, port.entries[0]!), 'spiffe://example.org/a');
  });

  describe('when the server rings', () => {
    const ring = (entryIds: readonly string[], bundles = false): Ring => ({ entries: true, bundles, entryIds });

    it('asks for the entries that are named, and for nothing else', async () => {
      const { port, svids, run, synchronizer } = await watching();
      port.entries = [entry('a', { revisionNumber: 1n, hint: 'new' }), entry('c')];
      synchronizer.rung(ring(['a', 'b']));
      synchronizer.rung(ring(['c']));
      await run();
      assert.deepEqual([port.syncs, port.asked], [1, [['a', 'b', 'c']]]);
      assert.equal(svids.identity(port.entries[0]!)?.hint, 'new');
      assert.deepEqual([hold(svids, entry('b')), hold(svids, entry('c'))], [undefined, 'spiffe://example.org/c']);
    });

    it('asks for all when it is not told which, and when too many are named', async () => {
      const { port, run, synchronizer } = await watching();
      synchronizer.rung(ring(['a']));
      synchronizer.rung(ring([]));
      await run();
      assert.deepEqual([port.syncs, port.asked], [2, []]);
      for (const first of [0, 40]) synchronizer.rung(ring(Array.from({ length: 40 }, (_, i) => `e${first + i}`)));
      await run();
      assert.deepEqual([port.syncs, port.asked], [3, []]);
    });

    it('leaves the entries alone when only a bundle has changed', async () => {
      const { port, run, synchronizer, disk } = await watching();
      port.own = { ...bundle('example.org', 'root', 'new root'), sequenceNumber: 1n };
      synchronizer.rung({ entries: false, bundles: true, entryIds: [] });
      await run();
      assert.deepEqual([port.syncs, port.asked, disk.stored], [1, [], [0n, 1n]]);
    });

    it('asks for all after a failure', async () => {
      const { clock, port, run, synchronizer } = await watching();
      port.failure = agentError('ERR_SERVER_UNREACHABLE', 'away');
      synchronizer.rung(ring(['a']));
      await run();
      port.failure = undefined;
      await clock.advance(clock.nextDueMs ?? 0);
      await clock.waitForSleepers(1);
      assert.deepEqual([port.syncs, port.asked], [2, [['a']]]);
    });

    it('looks at everything once a minute all the same, however often it rings', async () => {
      const { port, run, synchronizer } = await watching();
      for (let second = 0; second < 150; second++) {
        synchronizer.rung(ring(['a']));
        await run(1000);
      }
      assert.deepEqual([port.syncs, port.asked.length], [3, 150]);
    });

    /** Two entries, after the first round, with a server that rings. `run` lets time pass until nothing happens. */
    async function watching(): Promise<World & { run: (ms?: number) => Promise<void> }> {
      const world = await setUp();
      const { clock, port, synchronizer } = world;
      port.entries = [entry('a'), entry('b')];
      await synchronizer.synchronize(stop.signal);
      synchronizer.watched = true;
      synchronizer.run(stop.signal).catch(() => undefined);
      await clock.waitForSleepers(1);
      const run = async (ms = 500): Promise<void> => {
        await new Promise(setImmediate);
        await clock.advance(ms);
        await clock.waitForSleepers(1);
      };
      return { ...world, run };
    }
  });

  it('warns once of a federated bundle that the server does not have', async () => {
    const { port, log, synchronizer } = await setUp();
    port.entries = [entry('a', { federatesWith: [TrustDomain.parse('missing.test'), TrustDomain.parse('here.test')] })];
    await synchronizer.synchronize(stop.signal);
    await synchronizer.synchronize(stop.signal);
    assert.equal(log.count('federated bundle missing'), 1);
  });
});
