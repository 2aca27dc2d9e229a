import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { sharedProbe } from '../../../dist/endpoints/health/shared-probe.js';

describe('the probe of the health', () => {
  it('is one for everybody who asks at the same time, and good for a second', async () => {
    const clock = new ManualClock();
    let probes = 0;
    const health = sharedProbe(() => Promise.resolve(++probes === 1), clock);
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 1000 }, health))), new Set([true]));
    await clock.advance(999);
    assert.equal(await health(), true);
    assert.equal(probes, 1);
    await clock.advance(1);
    assert.equal(await health(), false);
    assert.equal(probes, 2);
    assert.equal(clock.sleepers, 0);
  });

  for (const [name, probe] of [
    [
      'obeys the signal',
      (signal: AbortSignal) =>
        new Promise<boolean>((resolve) => {
          signal.addEventListener('abort', () => {
            resolve(false);
          });
        }),
    ],
    ['does not even obey the signal', () => new Promise<boolean>(() => undefined)],
  ] as const) {
    it(`is a no after 5 s when it hangs and ${name}`, async () => {
      const clock = new ManualClock();
      const answer = sharedProbe(probe, clock)();
      await clock.advance(5000);
      assert.equal(await answer, false);
    });
  }

  it('is a no when it fails, and is made again', async () => {
    const clock = new ManualClock();
    const answers = [() => Promise.reject(new Error('away')), () => Promise.resolve(true)];
    const health = sharedProbe(() => answers.shift()!(), clock);
    assert.equal(await health(), false);
    await clock.advance(1000);
    assert.equal(await health(), true);
  });
});
