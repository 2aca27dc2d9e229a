import assert from 'node:assert/strict';
import { LastSeen, spans } from '../../dist/telemetry/last-seen.js';

const at = (minute: number): Date => new Date(minute * 60_000);

describe('when agents were last seen', () => {
  it('counts each agent once, by its last call', () => {
    const seen = new LastSeen();
    for (const minute of [0, 3, 10]) seen.note('a', at(minute));
    seen.note('b', at(8));
    assert.deepEqual(
      Object.values(spans).map((ms) => seen.count(ms, at(10))),
      [1, 2, 2],
    );
  });

  it('forgets who has been silent for more than an hour', () => {
    const seen = new LastSeen();
    seen.note('a', at(0));
    seen.note('b', at(30));
    assert.equal(seen.count(Infinity, at(60)), 2);
    assert.equal(seen.count(Infinity, at(61)), 1);
  });
});
