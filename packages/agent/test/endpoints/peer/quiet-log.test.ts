import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { QuietLog } from '../../../dist/endpoints/peer/quiet-log.js';
import { RecordingLogger } from '../../support/recording-logger.js';

describe('the log of what callers do wrong', () => {
  it('tells of one in 10 s, and how many it did not tell of', async () => {
    const [clock, log] = [new ManualClock(), new RecordingLogger()];
    const refusals = new QuietLog({ clock, log, message: 'connection refused' });
    for (let i = 0; i < 1000; i++) refusals.warn({ reason: 'too many' });
    await clock.advance(10_000);
    refusals.warn({ reason: 'too many' });
    assert.equal(log.count('connection refused'), 2);
    assert.deepEqual(
      log.records.map(({ fields }) => fields),
      [
        { reason: 'too many', unreported: 0 },
        { reason: 'too many', unreported: 999 },
      ],
    );
  });
});
