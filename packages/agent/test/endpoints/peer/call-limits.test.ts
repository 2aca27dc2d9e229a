import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import type { LimitedCall, RateLimits } from '../../../dist/domain/rate-limits.js';
import { CallLimits } from '../../../dist/endpoints/peer/call-limits.js';
import { callsAtAStroke, mostCalls } from '../../../dist/endpoints/peer/limits.js';
import { defaultAgentSettings } from '../../../dist/settings.js';
import { selector } from '../../support/entries.js';

const web = [selector('unix:uid:1'), selector('unix:gid:1')];
const peer = { pid: process.pid + 1 };

function limitsOf(rateLimits: Partial<RateLimits>, clock = new ManualClock()): CallLimits {
  return new CallLimits({ clock, rateLimits: { ...defaultAgentSettings.rateLimits, ...rateLimits } });
}

/** How many calls get through, of more than anybody may make. */
function passes(limits: CallLimits, call: LimitedCall, selectors = web): number {
  for (let passed = 0; passed < 2 * callsAtAStroke; passed++) {
    try {
      limits.check(call, peer, selectors);
    } catch {
      return passed;
    }
  }
  return Infinity;
}

describe('the rate at which a workload may call', () => {
  it('is so many a second, and as many at a stroke; the refusal says so', async () => {
    const clock = new ManualClock();
    const limits = limitsOf({ fetchX509Svid: 3 }, clock);
    assert.equal(passes(limits, 'fetchX509Svid'), 3);
    assert.throws(
      () => {
        limits.check('fetchX509Svid', peer, web);
      },
      {
        code: 'ERR_CALLER_RATE',
        message: 'rate limit exceeded for /SpiffeWorkloadAPI/FetchX509SVID: 3 a second are accepted; try again later',
      },
    );
    await clock.advance(1000);
    assert.equal(passes(limits, 'fetchX509Svid'), 3);
  });

  it('is one for all processes of the same selectors, in whatever order, and each method’s own', () => {
    const limits = limitsOf({ fetchX509Svid: 3, fetchX509Bundles: 2 });
    assert.equal(passes(limits, 'fetchX509Svid'), 3);
    assert.equal(passes(limits, 'fetchX509Svid', web.toReversed()), 0);
    assert.equal(passes(limits, 'fetchX509Bundles'), 2);
    assert.equal(passes(limits, 'fetchX509Svid', [selector('unix:uid:2')]), 3);
  });

  it('is on for streams unless the operator says 0, and lets all streams of a user come again', () => {
    assert.ok(callsAtAStroke > mostCalls);
    for (const call of [
      'fetchX509Svid',
      'fetchX509Bundles',
      'fetchJwtBundles',
      'streamSecrets',
      'fetchSecrets',
    ] as const) {
      assert.equal(passes(limitsOf({}), call), callsAtAStroke);
      assert.equal(passes(limitsOf({ [call]: 0 }), call), Infinity);
    }
  });

  it('does not count what the cache answers, unless the operator wants it', () => {
    assert.equal(passes(limitsOf({}), 'fetchJwtSvid'), Infinity);
    assert.equal(passes(limitsOf({ fetchJwtSvid: 5 }), 'fetchJwtSvid'), 5);
    assert.ok(limitsOf({}).newJwtSvidsPerSecond! > 0);
    assert.equal(limitsOf({ fetchJwtSvid: 0 }).newJwtSvidsPerSecond, undefined);
  });

  it('is not for the agent itself, which asks whether it is healthy', () => {
    const limits = limitsOf({ fetchX509Svid: 1 });
    for (let count = 0; count < 5; count++) limits.check('fetchX509Svid', { pid: process.pid }, web);
  });
});
