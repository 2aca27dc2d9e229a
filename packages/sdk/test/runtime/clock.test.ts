import assert from 'node:assert/strict';
import { systemClock } from '@credence/sdk/runtime';

describe('systemClock', () => {
  it('sleeps', async () => {
    const before = systemClock.now().getTime();
    await systemClock.sleep(5);
    assert.ok(systemClock.now().getTime() - before >= 4);
  });

  it('rejects with the reason of its signal, before and during the wait', async () => {
    await assert.rejects(systemClock.sleep(60_000, { signal: AbortSignal.abort(new Error('early')) }), /early/);
    const controller = new AbortController();
    const sleeping = systemClock.sleep(60_000, { signal: controller.signal });
    controller.abort(new Error('now'));
    await assert.rejects(sleeping, /now/);
  });

  it('takes NaN for no wait, not for one without end', async () => {
    const limit = new AbortController();
    const late = systemClock.sleep(2_000, { signal: limit.signal }).then(() => 'without end');
    assert.equal(await Promise.race([systemClock.sleep(NaN).then(() => 'woke'), late]), 'woke');
    limit.abort(new Error('end of test'));
    await assert.rejects(late);
  });

  it('does not turn a wait of more than 2^31 ms into none', async () => {
    const controller = new AbortController();
    const sleeping = systemClock.sleep(2 ** 33, { signal: controller.signal });
    const outcome = await Promise.race([sleeping.then(() => 'woke'), systemClock.sleep(20).then(() => 'still asleep')]);
    assert.equal(outcome, 'still asleep');
    controller.abort(new Error('end of test'));
    await assert.rejects(sleeping);
  });
});
