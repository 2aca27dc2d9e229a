import assert from 'node:assert/strict';
import { QuietLog } from '../../dist/daemon/index.js';
import { silentLogger } from '../../dist/runtime/index.js';
import { ManualClock } from '../../dist/testing/index.js';

describe('a quiet log', () => {
  it('tells of one failure in 10 s, and how many it did not tell of', async () => {
    const clock = new ManualClock();
    const told: object[] = [];
    const log = { ...silentLogger, warn: (fields: object) => told.push(fields) };
    const refusals = new QuietLog({ clock, log, message: 'connection refused' });
    for (let i = 0; i < 1000; i++) refusals.warn({ reason: 'too many' });
    await clock.advance(10_000);
    refusals.warn({ reason: 'too many' });
    assert.deepEqual(told, [
      { reason: 'too many', unreported: 0 },
      { reason: 'too many', unreported: 999 },
    ]);
  });
});
