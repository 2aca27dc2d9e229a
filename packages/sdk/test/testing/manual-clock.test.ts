import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';

describe('ManualClock', () => {
  it('wakes sleepers at their own instants and in order', async () => {
    const clock = new ManualClock(new Date(0));
    const woken: [string, number][] = [];
    const sleep = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms);
      woken.push([name, clock.now().getTime()]);
    };
    const sleeps = [sleep('late', 30), sleep('early', 10)];
    await clock.advance(9);
    assert.deepEqual(woken, []);
    assert.equal(clock.nextDueMs, 1);
    await clock.advance(91);
    await Promise.all(sleeps);
    assert.deepEqual(woken, [
      ['early', 10],
      ['late', 30],
    ]);
    assert.equal(clock.now().getTime(), 100);
  });

  it('says when someone sleeps', async () => {
    const clock = new ManualClock();
    const two = clock.waitForSleepers(2);
    const first = clock.sleep(1);
    const second = clock.sleep(1);
    await two;
    await clock.advance(1);
    await Promise.all([first, second]);
    assert.equal(clock.sleepers, 0);
  });

  it('rejects with the reason of the signal, and forgets the sleeper', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const sleeping = clock.sleep(1, { signal: controller.signal });
    const reason = new Error('stop');
    controller.abort(reason);
    await assert.rejects(sleeping, reason);
    assert.equal(clock.sleepers, 0);
  });
});
