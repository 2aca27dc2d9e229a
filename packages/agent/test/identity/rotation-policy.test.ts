import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Random } from '@credence/sdk/runtime';
import { aroundMs, rotationTime } from '../../dist/identity/rotation-policy.js';

const drawing = (draw: number): Random => ({ bytes: (count) => Buffer.alloc(count), uniform: () => draw });
const from = new Date('2030-01-01T00:00:00Z');

describe('rotation policy', () => {
  it('rotates when 45 to 55 % of the life is left', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 9 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (ms, draw) => {
        const expiresAt = new Date(from.getTime() + ms);
        const at = rotationTime({ from, expiresAt }, drawing(draw));
        const left = (expiresAt.getTime() - at.getTime()) / ms;
        assert.ok(left >= 0.45 - 1 / ms && left <= 0.55 + 1 / ms, String(left));
      }),
    );
  });

  it('rotates at once what expired before it came', () => {
    const expiresAt = new Date(from.getTime() - 1000);
    assert.deepEqual(rotationTime({ from, expiresAt }, drawing(0.5)), expiresAt);
  });

  for (const [draw, expected] of [
    [0, 900],
    [0.5, 1000],
    [0.99, 1098],
  ] as const) {
    it(`waits ${expected} of 1000 ms for the draw ${draw}`, () => {
      assert.equal(Math.round(aroundMs(1000, drawing(draw))), expected);
    });
  }
});
