import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { Pause } from '../../dist/identity/pause.js';

const never = new AbortController().signal;

describe('pause', () => {
  it('lasts as long as it should', async () => {
    const clock = new ManualClock();
    let over = false;
    const waiting = new Pause(clock).wait(1000, never).then(() => {
      over = true;
    });
    await clock.advance(999);
    assert.equal(over, false);
    await clock.advance(1);
    await waiting;
  });

  it('can be cut, once, also before it begins', async () => {
    const clock = new ManualClock();
    const pause = new Pause(clock);
    const waiting = pause.wait(1000, never);
    pause.cut();
    await waiting;
    pause.cut();
    await pause.wait(1000, never);
    void pause.wait(1000, never);
    await clock.waitForSleepers(1);
  });

  it('forgets on request what was cut before', async () => {
    const clock = new ManualClock();
    const pause = new Pause(clock);
    pause.cut();
    pause.forget();
    void pause.wait(1000, never);
    await clock.waitForSleepers(1);
  });

  it('throws the reason of its signal', async () => {
    const stop = new AbortController();
    const waiting = new Pause(new ManualClock()).wait(1000, stop.signal);
    stop.abort(new Error('stop'));
    await assert.rejects(waiting, /stop/);
  });
});
