import assert from 'node:assert/strict';
import { every, silentLogger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';

describe('every', () => {
  let clock: ManualClock;
  let stop: AbortController;
  let failures: unknown[];

  beforeEach(() => {
    clock = new ManualClock();
    stop = new AbortController();
    failures = [];
  });

  function start(work: () => Promise<void>): Promise<void> {
    const log = { ...silentLogger, error: (fields: object) => failures.push(fields) };
    return every({ name: 'tidying', intervalMs: 1000, clock, log, signal: stop.signal }, work);
  }

  async function nextRound(): Promise<void> {
    await clock.waitForSleepers(1);
    await clock.advance(1000);
  }

  it('works after each interval, and ends with the signal', async () => {
    let rounds = 0;
    const ended = start(() => Promise.resolve(void (rounds += 1)));
    assert.equal(rounds, 0);
    for (const expected of [1, 2, 3]) {
      await nextRound();
      await clock.waitForSleepers(1);
      assert.equal(rounds, expected);
    }
    stop.abort();
    await ended;
    assert.equal(clock.sleepers, 0);
    assert.equal(rounds, 3);
  });

  it('logs a round that fails, and goes on', async () => {
    const error = new Error('full');
    const ended = start(() => Promise.reject(error));
    for (let round = 0; round < 2; round += 1) await nextRound();
    await clock.waitForSleepers(1);
    assert.deepEqual(failures, Array(2).fill({ routine: 'tidying', err: error }));
    stop.abort();
    await ended;
  });

  it('lets the last round finish, and takes its cancellation for no failure', async () => {
    let cancel: (reason: Error) => void = () => undefined;
    const ended = start(() => new Promise((_, reject) => (cancel = reject)));
    await nextRound();
    stop.abort();
    let over = false;
    void ended.then(() => (over = true));
    await Promise.resolve();
    assert.equal(over, false);
    cancel(stop.signal.reason as Error);
    await ended;
    assert.deepEqual(failures, []);
  });

  it('does nothing when the signal has aborted before', async () => {
    stop.abort();
    await start(() => Promise.reject(new Error('not to be called')));
    assert.deepEqual(failures, []);
  });
});
