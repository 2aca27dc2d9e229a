import assert from 'node:assert/strict';
import { SpiffeId } from '@credence/sdk';
import { ManualClock } from '@credence/sdk/testing';
import type { AgentSvid } from '../../dist/domain/agent-svid.js';
import type { RememberedIdentities } from '../../dist/domain/remembered-identities.js';
import { BundleCache } from '../../dist/identity/bundle-cache.js';
import { EntryCache } from '../../dist/identity/entry-cache.js';
import { IdentityRecorder } from '../../dist/identity/identity-recorder.js';
import { SvidCache } from '../../dist/identity/svid-cache.js';
import { bundle, entry, middle, rotation, svid } from '../support/entries.js';
import { RecordingLogger } from '../support/recording-logger.js';

const hour = 3_600_000;

/** A recorder that is running. */
class World {
  readonly clock = new ManualClock();
  readonly entries = new EntryCache();
  readonly svids = new SvidCache({ clock: this.clock, random: middle, rotation });
  readonly log = new RecordingLogger();
  readonly stop = new AbortController();
  readonly written: (RememberedIdentities | 'removed')[] = [];
  failure: Error | undefined;
  readonly recorder = new IdentityRecorder({
    clock: this.clock,
    log: this.log,
    entries: this.entries,
    svids: this.svids,
    bundles: new BundleCache(bundle('example.org', 'root')),
    agent: (): AgentSvid => {
      const id = SpiffeId.parse('spiffe://example.org/spire/agent/join_token/t');
      return { ...svid(this.clock.now(), hour), id, reattestable: false };
    },
    store: {
      store: (_agent, remembered) => {
        if (this.failure !== undefined) return Promise.reject(this.failure);
        this.written.push(remembered);
        return Promise.resolve();
      },
      remove: () => {
        this.written.push('removed');
        return Promise.resolve();
      },
    },
  });
  readonly running = this.recorder.run(this.stop.signal).catch(() => undefined);

  change(id: string): void {
    this.entries.replace([...this.entries.entries.values(), entry(id)]);
    this.svids.store(entry(id), svid(this.clock.now(), hour));
    this.recorder.changed();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.waitForSleepers(1);
    await this.clock.advance(ms);
    await this.clock.waitForSleepers(1);
  }

  sizes(): readonly (number | 'removed')[] {
    return this.written.map((one) => (one === 'removed' ? one : one.identities.length));
  }
}

describe('identity recorder', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  afterEach(async () => {
    world.stop.abort();
    await world.running;
  });

  it('writes what changes together in one file, and nothing while nothing changes', async () => {
    world.change('a');
    world.change('b');
    await world.pass(1000);
    assert.deepEqual(world.sizes(), [2]);
    for (let minute = 0; minute < 3; minute++) await world.pass(60_000);
    assert.deepEqual(world.sizes(), [2]);
  });

  it('leaves five seconds between two files', async () => {
    world.change('a');
    await world.pass(1000);
    world.change('b');
    await world.pass(4999);
    assert.deepEqual(world.sizes(), [1]);
    await world.pass(1);
    await world.pass(1000);
    assert.deepEqual(world.sizes(), [1, 2]);
  });

  it('writes at the end what it has not written yet', async () => {
    world.change('a');
    await world.clock.waitForSleepers(1);
    world.stop.abort();
    await world.running;
    assert.deepEqual(world.sizes(), [1]);
  });

  it('writes nothing at the end when nothing has changed', async () => {
    world.stop.abort();
    await world.running;
    assert.deepEqual(world.sizes(), []);
  });

  it('tries again when the disk is full, and says so', async () => {
    world.failure = new Error('ENOSPC');
    world.change('a');
    await world.pass(1000);
    assert.equal(world.log.count('the identities could not be written to disk'), 1);
    world.failure = undefined;
    await world.pass(5000);
    await world.pass(1000);
    assert.deepEqual(world.sizes(), [1]);
  });

  it('removes what it wrote when the agent is refused for good, and writes no more', async () => {
    world.change('a');
    await world.pass(1000);
    await world.recorder.forget();
    world.change('b');
    world.stop.abort();
    await world.running;
    assert.deepEqual(world.sizes(), [1, 'removed']);
  });

  it('leaves out an SVID that is not served any more, and marks one of an older revision as due', async () => {
    world.change('a');
    const changed = entry('a', { revisionNumber: 1n });
    world.entries.replace([changed]);
    await world.pass(1000);
    const [first] = world.written;
    assert.ok(first !== undefined && first !== 'removed');
    assert.deepEqual(first.identities[0]?.held?.rotateAt, world.clock.now());
    world.entries.replace([entry('a', { spiffeId: SpiffeId.parse('spiffe://example.org/other') })]);
    world.recorder.changed();
    await world.pass(5000);
    await world.pass(1000);
    const second = world.written[1];
    assert.ok(second !== undefined && second !== 'removed');
    assert.equal(second.identities[0]?.held, undefined);
  });
});
