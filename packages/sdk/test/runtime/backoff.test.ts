import assert from 'node:assert/strict';
import { Backoff, type Random } from '@credence/sdk/runtime';

const options = { initialMs: 200, factor: 2, maxMs: 1000, jitter: 0.2 };
const fixed = (value: number): Random => ({ bytes: (count) => Buffer.alloc(count), uniform: () => value });

describe('Backoff', () => {
  it('grows to its cap and starts over after a success', () => {
    const backoff = new Backoff(options, fixed(0));
    assert.deepEqual([backoff.next(), backoff.next(), backoff.next(), backoff.next()], [200, 400, 800, 1000]);
    backoff.reset();
    assert.equal(backoff.next(), 200);
  });

  it('shortens each wait by at most its jitter', () => {
    const backoff = new Backoff(options, fixed(0.999999));
    for (const full of [200, 400, 800, 1000, 1000]) {
      const wait = backoff.next();
      assert.ok(wait > full * 0.79 && wait < full, `${wait} of ${full}`);
    }
  });
});
