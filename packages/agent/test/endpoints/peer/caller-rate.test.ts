import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { CallerRate } from '../../../dist/endpoints/peer/caller-rate.js';

const method = '/SpiffeWorkloadAPI/FetchJWTSVID';

function takeAll(rate: CallerRate, caller: string): number {
  for (let taken = 0; ; taken++) {
    try {
      rate.take(caller)[Symbol.dispose]();
    } catch {
      return taken;
    }
  }
}

describe('the rate of a caller', () => {
  it('lets twice the rate through at a stroke, then the rate, and says so', async () => {
    const clock = new ManualClock();
    const rate = new CallerRate({ clock, method, perSecond: 10, atOnce: 100 });
    assert.equal(takeAll(rate, 'a'), 20);
    assert.throws(() => rate.take('a'), {
      code: 'ERR_CALLER_RATE',
      message:
        `rate limit exceeded for ${method}: 10 new ones a second and 100 at a time are accepted; ` + 'try again later',
    });
    await clock.advance(500);
    assert.equal(takeAll(rate, 'a'), 5);
    await clock.advance(3_600_000);
    assert.equal(takeAll(rate, 'a'), 20);
  });

  it('is each caller’s own', () => {
    const rate = new CallerRate({ clock: new ManualClock(), method, perSecond: 10, atOnce: 100 });
    assert.equal(takeAll(rate, 'a'), 20);
    assert.equal(takeAll(rate, 'b'), 20);
  });

  it('bounds what is under way at one time', () => {
    const rate = new CallerRate({ clock: new ManualClock(), method, perSecond: 10, atOnce: 2 });
    const first = rate.take('a');
    rate.take('a');
    assert.throws(() => rate.take('a'), { code: 'ERR_CALLER_RATE' });
    first[Symbol.dispose]();
    rate.take('a');
  });

  it('may be no rate, but a bound on what is under way', async () => {
    const clock = new ManualClock();
    const rate = new CallerRate({ clock, method, perSecond: undefined, atOnce: 1 });
    for (let count = 0; count < 10_000; count++) rate.take('a')[Symbol.dispose]();
    await clock.advance(1);
    rate.take('a');
    assert.throws(() => rate.take('a'), { message: / 1 at a time are accepted/ });
  });

  it('takes nothing away when the clock is set back', () => {
    let now = 1_000_000;
    const clock = { now: () => new Date(now), sleep: () => Promise.resolve() };
    const rate = new CallerRate({ clock, method, perSecond: 10, atOnce: 100 });
    rate.take('a');
    now = 0;
    assert.equal(takeAll(rate, 'a'), 19);
    now = 1000;
    assert.equal(takeAll(rate, 'a'), 10);
  });

  it('remembers those that have taken, and forgets the others when there are many', () => {
    const rate = new CallerRate({ clock: new ManualClock(), method, perSecond: 1, atOnce: 100 });
    assert.equal(takeAll(rate, 'a'), 2);
    for (let caller = 0; caller < 3000; caller++) rate.take(`caller ${String(caller)}`)[Symbol.dispose]();
    assert.equal(takeAll(rate, 'a'), 0);
  });
});
