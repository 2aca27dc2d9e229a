import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { BundleCache } from '../../dist/identity/bundle-cache.js';
import { EntryCache } from '../../dist/identity/entry-cache.js';
import { Subscriptions } from '../../dist/identity/subscriptions.js';
import { SvidCache } from '../../dist/identity/svid-cache.js';
import { SvidDemand } from '../../dist/identity/svid-demand.js';
import type { AuthorizedEntry } from '../../dist/domain/authorized-entry.js';
import { bundle, entry, middle, rotation, selector, svid } from '../support/entries.js';

const hour = 3_600_000;

/** Room for three SVIDs. */
class World {
  readonly clock = new ManualClock();
  readonly entries = new EntryCache();
  readonly svids = new SvidCache({ clock: this.clock, random: middle, rotation });
  readonly stop = new AbortController();
  readonly subscriptions = new Subscriptions({
    entries: this.entries,
    svids: this.svids,
    bundles: new BundleCache(bundle('example.org', 'root')),
    onMissing: () => undefined,
  });
  readonly demand = new SvidDemand({
    entries: this.entries,
    svids: this.svids,
    subscriptions: this.subscriptions,
    maxSize: 3,
  });

  /** One round: what is due is issued. */
  round(): readonly string[] {
    const due = this.demand.due();
    for (const one of due) this.svids.store(one, svid(this.clock.now(), hour));
    return due.map(({ id }) => id).sort();
  }

  has(...entries: readonly AuthorizedEntry[]): void {
    this.entries.replace(entries);
  }

  held(): readonly string[] {
    return [...this.entries.entries.keys()].filter((id) => this.svids.holds(id)).sort();
  }

  /** A workload comes with these selectors, and stays until the result is called. */
  comes(...selectors: readonly string[]): () => void {
    const leave = new AbortController();
    const stream = this.subscriptions.watch(selectors.map(selector), leave.signal);
    stream.next().catch(() => undefined);
    return () => {
      leave.abort();
    };
  }
}

/** An entry for the user and for a path of its own. */
function own(id: string, fields: Partial<AuthorizedEntry> = {}): AuthorizedEntry {
  return entry(id, { selectors: [selector('unix:uid:1000'), selector(`unix:path:/${id}`)], ...fields });
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('demand for SVIDs', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  it('fetches everything ahead up to the limit, but for what is not to be fetched ahead or is for a secret store', () => {
    world.has(own('a'), own('b', { disableX509SvidPrefetch: true }), own('c', { storeSvid: true }), own('d'));
    assert.deepEqual(world.round(), ['a', 'd']);
    assert.deepEqual(world.round(), []);
  });

  it('fetches no more than the limit ahead', () => {
    world.has(...['a', 'b', 'c', 'd', 'e'].map((id) => own(id)));
    assert.equal(world.round().length, 3);
    assert.deepEqual(world.round(), [], 'and does not change its mind');
  });

  it('signs what is asked for beyond the limit, in place of what was never used', () => {
    world.has(...['a', 'b', 'c', 'd', 'e'].map((id) => own(id)));
    world.round();
    world.comes('unix:uid:1000', 'unix:path:/e');
    assert.deepEqual(world.round(), ['e']);
    assert.equal(world.held().length, 3);
  });

  it('forgets what was used least recently, and keeps what a stream is open for', async () => {
    world.has(...['a', 'b', 'c', 'd', 'e'].map((id) => own(id)));
    const leaving = new Map<string, () => void>();
    for (const id of ['d', 'e', 'a']) {
      leaving.set(id, world.comes('unix:uid:1000', `unix:path:/${id}`));
      world.round();
    }
    assert.deepEqual(world.held(), ['a', 'd', 'e']);
    for (const id of ['e', 'a']) leaving.get(id)?.();
    await turn();
    world.comes('unix:uid:1000', 'unix:path:/b');
    assert.deepEqual(world.round(), ['b']);
    assert.deepEqual(world.held(), ['a', 'b', 'd'], 'd has a stream, e was used before a');
  });

  it('knows what of the given entries somebody waits for', () => {
    const secret = own('s', { storeSvid: true, selectors: [selector('unix:uid:1000')] });
    world.has(own('a'), own('b'), own('c'), secret);
    world.comes('unix:uid:1000', 'unix:path:/a');
    world.comes('unix:uid:1000', 'unix:path:/b');
    const awaited = (): readonly string[] => world.demand.awaited(['b', 'c', 's', 'gone']).map(({ id }) => id);
    assert.deepEqual(awaited(), ['b']);
    world.round();
    assert.deepEqual(awaited(), []);
  });

  it('holds more than the limit when more is streamed', () => {
    world.has(...['a', 'b', 'c', 'd', 'e'].map((id) => own(id)));
    for (const id of ['a', 'b', 'c', 'd']) world.comes('unix:uid:1000', `unix:path:/${id}`);
    assert.deepEqual(world.round(), ['a', 'b', 'c', 'd']);
  });

  it('does not hold an entry because a workload has one of its selectors', () => {
    world.has(...['a', 'b', 'c', 'd', 'e'].map((id) => own(id)));
    world.round();
    world.comes('unix:uid:1000'); // of all, and entitled to none
    assert.deepEqual(world.round(), []);
    assert.equal(world.held().length, 3);
  });

  it('renews what has room, and nothing else', async () => {
    world.has(...['a', 'b', 'c', 'd'].map((id) => own(id)));
    const first = world.round();
    await world.clock.advance(hour / 2);
    assert.deepEqual(world.round(), first);
  });

  it('fetches nothing ahead in the place of what goes, as long as nearly everything is full', () => {
    const { entries, svids, subscriptions } = world;
    const roomy = new SvidDemand({ entries, svids, subscriptions, maxSize: 20 });
    const all = Array.from({ length: 30 }, (_, index) => own(`e${index}`));
    const round = (): number => {
      const due = roomy.due();
      for (const one of due) svids.store(one, svid(world.clock.now(), hour));
      return due.length;
    };
    world.has(...all);
    assert.equal(round(), 20);
    const some = world.held();
    for (const id of some.slice(0, 2)) world.svids.remove(id);
    assert.equal(round(), 0);
    for (const id of some.slice(2, 4)) world.svids.remove(id);
    assert.equal(round(), 4);
  });
});
