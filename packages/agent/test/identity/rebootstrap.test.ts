import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { agentError } from '../../dist/domain/errors.js';
import { Rebootstrap } from '../../dist/identity/rebootstrap.js';
import type { RebootstrapSettings } from '../../dist/settings.js';
import { RecordingLogger } from '../support/recording-logger.js';

const unknown = agentError('ERR_SERVER_UNREACHABLE', 'who is that?', { details: { serverUnknown: true } });
const away = agentError('ERR_SERVER_UNREACHABLE', 'nobody there', { details: { serverUnknown: false } });
const minute = 60_000;
const never = new AbortController().signal;

describe('bootstrapping again', () => {
  const log = new RecordingLogger();
  let clock: ManualClock;
  let rejoins: number;
  let failure: Error | undefined;

  beforeEach(() => {
    clock = new ManualClock();
    [rejoins, failure] = [0, undefined];
    log.records.length = 0;
  });

  function rebootstrap(mode: RebootstrapSettings['mode'], reattestable = true): Rebootstrap {
    return new Rebootstrap({
      clock,
      log,
      settings: { mode, delayMs: 10 * minute },
      isReattestable: () => reattestable,
      rejoin: () => {
        rejoins++;
        return failure === undefined ? Promise.resolve() : Promise.reject(failure);
      },
    });
  }

  for (const mode of ['auto', 'always'] as const) {
    it(`is done in mode ${mode} when the server has been of an unknown authority for the delay`, async () => {
      const it = rebootstrap(mode);
      assert.equal(await it.consider(unknown, never), false);
      await clock.advance(10 * minute - 1);
      assert.equal(await it.consider(unknown, never), false);
      await clock.advance(1);
      assert.equal(await it.consider(unknown, never), true);
      assert.equal(rejoins, 1);
      assert.equal(await it.consider(unknown, never), false, 'the delay begins anew');
    });
  }

  it('is not done because the server is away', async () => {
    const it = rebootstrap('always');
    for (let i = 0; i < 30; i++) {
      assert.equal(await it.consider(away, never), false);
      await clock.advance(minute);
    }
    assert.equal(rejoins, 0);
  });

  it('begins to count anew after a success, not after a server that was away', async () => {
    const it = rebootstrap('always');
    await it.consider(unknown, never);
    await clock.advance(9 * minute);
    await it.consider(undefined, never);
    await clock.advance(2 * minute);
    assert.equal(await it.consider(unknown, never), false);
    await it.consider(away, never);
    await clock.advance(10 * minute);
    assert.equal(await it.consider(unknown, never), true);
  });

  for (const [mode, reattestable] of [
    ['never', true],
    ['auto', false],
  ] as const) {
    it(`is never done in mode ${mode} by a node that ${reattestable ? 'can' : 'cannot'} attest again; it is said once`, async () => {
      const it = rebootstrap(mode, reattestable);
      for (let i = 0; i < 20; i++) {
        assert.equal(await it.consider(unknown, never), false);
        await clock.advance(minute);
      }
      assert.equal(rejoins, 0);
      assert.equal(log.count('the server is of an unknown authority'), 1);
    });
  }

  it('is tried again when it fails', async () => {
    const it = rebootstrap('always');
    failure = new Error('no');
    await it.consider(unknown, never);
    await clock.advance(10 * minute);
    assert.equal(await it.consider(unknown, never), false);
    assert.equal(log.count('bootstrapping again failed'), 1);
    failure = undefined;
    assert.equal(await it.consider(unknown, never), true);
  });
});
