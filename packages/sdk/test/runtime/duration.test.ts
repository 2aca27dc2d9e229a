import assert from 'node:assert/strict';
import { parseDuration } from '@credence/sdk/runtime';

describe('parseDuration', () => {
  const good: [string, number][] = [
    ['0', 0],
    ['500ms', 500],
    ['90s', 90_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['30d', 2_592_000_000],
  ];
  for (const [text, ms] of good) {
    it(`reads ${text}`, () => {
      assert.equal(parseDuration(text), ms);
    });
  }

  for (const text of ['', '1', '-1s', '1 h', 's', '1x', '1h ', '1e3s', '9'.repeat(400) + 'h']) {
    it(`refuses ${JSON.stringify(text.slice(0, 10))}`, () => {
      assert.equal(parseDuration(text), undefined);
    });
  }
});
