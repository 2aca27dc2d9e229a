import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Random } from '@credence/sdk/runtime';
import { aroundMs, rotationTime, RotationPolicy } from '../../dist/identity/rotation-policy.js';
import { RecordingLogger } from '../support/recording-logger.js';

const hourMs = 3_600_000;
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

  for (const { life, target, left, warnings } of [
    { life: 72, target: 48, left: 48 + 1 / 12, warnings: 0 },
    { life: 240, target: 24, left: 120, warnings: 0 },
    { life: 36, target: 24, left: 18, warnings: 1 },
    { life: 37, target: 24, left: 24 + 1 / 12, warnings: 0 },
    { life: 1, target: 24, left: 0.5, warnings: 1 },
    { life: 1, target: undefined, left: 0.5, warnings: 0 },
  ]) {
    const title = `leaves ${left.toFixed(2)} h of ${life} h for an availability target of ${String(target)} h`;
    it(warnings === 0 ? title : `${title}, and warns once that it has no effect`, () => {
      const log = new RecordingLogger();
      const availabilityTargetMs = target === undefined ? undefined : target * hourMs;
      const policy = new RotationPolicy({ random: drawing(0.5), log, availabilityTargetMs });
      const expiresAt = new Date(from.getTime() + life * hourMs);
      for (let i = 0; i < 2; i++) {
        const at = policy.rotationTime({ from, expiresAt });
        assert.equal(Math.round(expiresAt.getTime() - at.getTime()), Math.round(left * hourMs));
      }
      assert.equal(log.records.length, warnings);
    });
  }
});
