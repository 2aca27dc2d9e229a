import assert from 'node:assert/strict';
import { TrustDomain } from '@credence/sdk';
import { ManualClock } from '@credence/sdk/testing';
import type { AuthorizedEntry } from '../../dist/domain/authorized-entry.js';
import type { WorkloadSnapshot } from '../../dist/domain/workload-identity.js';
import { BundleCache, noBundleChanges } from '../../dist/identity/bundle-cache.js';
import { EntryCache } from '../../dist/identity/entry-cache.js';
import { Subscriptions } from '../../dist/identity/subscriptions.js';
import { SvidCache } from '../../dist/identity/svid-cache.js';
import { bundle, entry, middle, rotation, selector, svid } from '../support/entries.js';

const hour = 3_600_000;
const uid = [selector('unix:uid:1000')];

/** The caches as the synchronizer writes them. */
class World {
  readonly clock = new ManualClock();
  readonly entries = new EntryCache();
  readonly svids = new SvidCache({ clock: this.clock, random: middle, rotation });
  readonly bundles = new BundleCache(bundle('example.org', 'root'));
  missing = 0;
  readonly subscriptions = new Subscriptions({
    entries: this.entries,
    svids: this.svids,
    bundles: this.bundles,
    onMissing: () => {
      this.missing++;
    },
  });

  sync(...entries: readonly AuthorizedEntry[]): void {
    const { created, updated, removed } = this.entries.replace(entries);
    for (const { id } of removed) this.svids.remove(id);
    this.subscriptions.notify({ entries: [...created, ...updated.flat(), ...removed], bundles: noBundleChanges });
  }

  mint(...ids: readonly string[]): void {
    const minted = ids.map((id) => this.entries.entries.get(id)).filter((found) => found !== undefined);
    for (const found of minted) this.svids.store(found, svid(this.clock.now(), hour, `${found.id}-svid`));
    this.subscriptions.notify({ entries: minted, bundles: noBundleChanges });
  }

  fetch(...federated: readonly string[]): void {
    const found = new Map(federated.map((name) => [name, bundle(name, `${name} root`)]));
    this.subscriptions.notify({
      entries: [],
      bundles: this.bundles.replace({ own: this.bundles.own, federated: found }),
    });
  }
}

/** Reads a stream step by step, and can say that nothing came. */
class Reader implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly seen: string[][] = [];
  last: WorkloadSnapshot | undefined;
  readonly #done: Promise<void>;

  constructor(world: World, selectors = uid) {
    this.#done = this.#read(world.subscriptions.watch(selectors, this.#stop.signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await assert.rejects(this.#done, { name: 'AbortError' });
  }

  async #read(stream: AsyncIterable<WorkloadSnapshot>): Promise<void> {
    for await (const snapshot of stream) {
      this.last = snapshot;
      this.seen.push(snapshot.identities.map(({ entryId }) => entryId));
    }
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('subscriptions', () => {
  it('answers at once when no entry matches', async () => {
    const world = new World();
    world.sync(entry('a', { selectors: [selector('unix:uid:1')] }));
    await using reader = new Reader(world);
    await settled();
    assert.deepEqual(reader.seen, [[]]);
    assert.equal(world.missing, 0);
  });

  it('waits until every matching entry has an SVID', async () => {
    const world = new World();
    world.sync(entry('a'), entry('b'));
    await using reader = new Reader(world);
    world.mint('b');
    await settled();
    assert.deepEqual(reader.seen, []);
    assert.equal(world.missing, 1);
    world.mint('a');
    await settled();
    assert.deepEqual(reader.seen, [['a', 'b']]);
  });

  it('shows a new entry only together with its SVID', async () => {
    const world = new World();
    world.sync(entry('a'));
    world.mint('a');
    await using reader = new Reader(world);
    await settled();
    world.sync(entry('a'), entry('b'));
    await settled();
    assert.deepEqual(reader.seen, [['a']]);
    world.mint('b');
    await settled();
    assert.deepEqual(reader.seen, [['a'], ['a', 'b']]);
  });

  it('makes a second reader wait for what the first is not yet shown', async () => {
    const world = new World();
    world.sync(entry('a'));
    world.mint('a');
    await using first = new Reader(world);
    await settled();
    world.sync(entry('a'), entry('b'));
    await using second = new Reader(world);
    await settled();
    assert.deepEqual([first.seen, second.seen], [[['a']], []]);
    world.mint('b');
    await settled();
    assert.deepEqual(second.seen, [['a', 'b']]);
  });

  it('shows the removal of the last entry as an empty snapshot', async () => {
    const world = new World();
    world.sync(entry('a'));
    world.mint('a');
    await using reader = new Reader(world);
    await settled();
    world.sync();
    await settled();
    assert.deepEqual(reader.seen, [['a'], []]);
  });

  it('shows no gap while the only entry is replaced by another', async () => {
    const world = new World();
    world.sync(entry('a'));
    world.mint('a');
    await using reader = new Reader(world);
    await settled();
    world.sync(entry('b'));
    await settled();
    world.mint('b');
    await settled();
    assert.deepEqual(reader.seen, [['a'], ['b']]);
  });

  it('tells nobody whom a change does not concern', async () => {
    const world = new World();
    const other = entry('x', { selectors: [selector('unix:uid:2')] });
    world.sync(entry('a'), other);
    world.mint('a', 'x');
    await using reader = new Reader(world);
    await settled();
    world.sync(entry('a'), { ...other, revisionNumber: 1n });
    world.mint('x');
    world.fetch('other.test');
    await settled();
    assert.deepEqual(reader.seen, [['a']]);
  });

  it('skips to the newest state for a slow reader', async () => {
    const world = new World();
    world.sync(entry('a'));
    world.mint('a');
    await using reader = new Reader(world);
    await settled();
    world.sync(entry('a'), entry('b'), entry('c'));
    world.mint('b');
    world.mint('c');
    await settled();
    assert.deepEqual(reader.seen, [['a'], ['a', 'b', 'c']]);
  });

  it('adds and removes the bundles of federated trust domains', async () => {
    const world = new World();
    world.sync(entry('a', { federatesWith: [TrustDomain.parse('other.test')] }));
    world.mint('a');
    await using reader = new Reader(world);
    await settled();
    const names: string[][] = [];
    for (const federated of [['other.test', 'third.test'], ['other.test'], []]) {
      world.fetch(...federated);
      await settled();
      names.push([...(reader.last?.federatedBundles.keys() ?? [])]);
    }
    assert.deepEqual(names, [['other.test'], ['other.test'], []]);
    assert.equal(reader.seen.length, 3);
  });

  it('keeps an expired SVID from those who come, and lets the others keep what they hold', async () => {
    const world = new World();
    world.sync(entry('a'));
    world.mint('a');
    await using held = new Reader(world);
    await settled();
    await world.clock.advance(hour);
    await using late = new Reader(world);
    await settled();
    assert.deepEqual([held.seen, late.seen], [[['a']], []]);
    world.mint('a');
    await settled();
    assert.deepEqual(late.seen, [['a']]);
  });

  it('knows which entries an open stream wants, and forgets closed ones', async () => {
    const world = new World();
    {
      await using _ = new Reader(world);
      await settled();
      assert.equal(world.subscriptions.wants(entry('a')), true);
      assert.equal(world.subscriptions.wants(entry('x', { selectors: [selector('unix:uid:2')] })), false);
    }
    assert.equal(world.subscriptions.wants(entry('a')), false);
  });
});
