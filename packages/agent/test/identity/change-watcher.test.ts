import assert from 'node:assert/strict';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import { agentError } from '../../dist/domain/errors.js';
import { ChangeWatcher } from '../../dist/identity/change-watcher.js';
import type { Ring } from '../../dist/identity/ports.js';
import { middle } from '../support/entries.js';
import { failing, MemoryServer } from '../support/memory-server.js';
import { RecordingLogger } from '../support/recording-logger.js';

const begun: Ring = { entries: false, bundles: false, entryIds: [] };
const entries: Ring = { entries: true, bundles: false, entryIds: ['a'] };

async function* rings(...all: readonly Ring[]): AsyncGenerator<Ring, void, undefined> {
  yield* await Promise.resolve(all);
}

async function setUp(...watches: AsyncIterable<Ring>[]): Promise<{
  clock: ManualClock;
  server: MemoryServer;
  heard: (Ring | boolean)[];
  log: RecordingLogger;
  stop: AbortController;
  running: Promise<unknown>;
}> {
  const clock = new ManualClock();
  const server = new MemoryServer(await TestCa.create('example.org'), clock);
  server.watches = watches;
  const heard: (Ring | boolean)[] = [];
  const synchronizer = {
    set watched(value: boolean) {
      if (heard.findLast((each) => typeof each === 'boolean') !== value) heard.push(value);
    },
    rung: (ring: Ring): void => {
      heard.push(ring);
    },
  };
  const log = new RecordingLogger();
  const stop = new AbortController();
  const watcher = new ChangeWatcher({ clock, random: middle, log, server, synchronizer });
  const running = watcher.run(stop.signal).catch((error: unknown) => error);
  await clock.waitForSleepers(1);
  return { clock, server, heard, log, stop, running };
}

describe('change watcher', () => {
  it('passes each ring on, and says while there is a watch', async () => {
    const { heard, stop, running } = await setUp(rings(begun, entries));
    assert.deepEqual(heard, [true, begun, entries, false]);
    stop.abort(new Error('stop'));
    assert.match(String(await running), /stop/);
  });

  it('watches again soon after a watch has ended, and later each time that nobody answers', async () => {
    const { clock, server, heard } = await setUp(rings(begun));
    assert.ok((clock.nextDueMs ?? Infinity) <= 100);
    const waits: number[] = [];
    for (let i = 0; i < 12; i++) {
      const dueMs = clock.nextDueMs ?? 0;
      waits.push(dueMs);
      await clock.advance(dueMs);
      await clock.waitForSleepers(1);
    }
    assert.ok(waits.every((wait, i) => i === 0 || wait >= (waits[i - 1] ?? 0)));
    assert.ok((waits.at(-1) ?? 0) >= 5000 && (waits.at(-1) ?? 0) <= 10_000);
    server.watches = [rings(begun)];
    await clock.advance(clock.nextDueMs ?? 0);
    await clock.waitForSleepers(1);
    assert.deepEqual(heard, [true, begun, false, true, begun, false]);
    assert.ok((clock.nextDueMs ?? Infinity) <= 100);
  });

  it('has the synchronizer find out why the server refuses', async () => {
    const { heard } = await setUp(failing(agentError('ERR_SERVER_REFUSED', 'banned')));
    assert.deepEqual(heard, [{ entries: true, bundles: true, entryIds: [] }, false]);
  });

  it('asks a server that does not ring only now and then', async () => {
    const unimplemented = agentError('ERR_SERVER_RESPONSE', 'WatchChanges failed', {
      details: { status: 'UNIMPLEMENTED' },
    });
    const { clock, heard, log } = await setUp(failing(unimplemented));
    assert.equal(clock.nextDueMs, 600_000);
    assert.deepEqual(heard, [false]);
    assert.equal(log.count('the server does not tell of changes; it is asked at intervals'), 1);
  });
});
