import assert from 'node:assert/strict';
import fc from 'fast-check';
import { refreshAfterMs } from '../../dist/federation/refresh.js';

const bounds = { minMs: 60_000, maxMs: 86_400_000 };
const random = (value: number): { uniform: () => number } => ({ uniform: () => value });

describe('when a bundle is asked for again (SPIFFE Federation §4.1)', () => {
  it('is after the hint, a tenth sooner or later', () => {
    assert.equal(refreshAfterMs(600_000, bounds, random(0.5)), 600_000);
    assert.equal(refreshAfterMs(600_000, bounds, random(0)), 540_000);
    assert.ok(refreshAfterMs(600_000, bounds, random(0.999)) < 660_000);
  });

  it('is after five minutes without a hint', () => {
    assert.equal(refreshAfterMs(undefined, bounds, random(0.5)), 300_000);
  });

  it('is within the bounds, whatever the hint, and never beyond what a timer can wait', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (hintMs, value) => {
          const waitMs = refreshAfterMs(hintMs, bounds, random(value));
          assert.ok(waitMs >= 0.9 * bounds.minMs && waitMs <= 1.1 * bounds.maxMs && waitMs < 2 ** 31);
        },
      ),
    );
  });
});
