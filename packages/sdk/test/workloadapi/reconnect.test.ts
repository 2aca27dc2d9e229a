import assert from 'node:assert/strict';
import { Metadata, status } from '@grpc/grpc-js';
import type { Random, SpiffeError } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { reconnect, type Attempt } from '../../dist/workloadapi/reconnect.js';

// Without jitter the waits are the documented steps.
const random: Random = { bytes: (count) => Buffer.alloc(count), uniform: () => 0 };

function serviceError(code: status): Error {
  return Object.assign(new Error(status[code]), { code, details: 'by the test', metadata: new Metadata() });
}

interface Failed {
  readonly code: string;
  readonly retryInMs: number;
}

function start(attempt: Attempt, clock = new ManualClock(), controller = new AbortController()) {
  const failures: Failed[] = [];
  const onFailure = (error: SpiffeError, retryInMs: number): void => {
    failures.push({ code: error.code, retryInMs });
  };
  const done = reconnect(attempt, { clock, random, signal: controller.signal, ref: true, onFailure });
  done.catch(() => undefined);
  return { clock, controller, failures, done };
}

async function waits(run: ReturnType<typeof start>, count: number): Promise<number[]> {
  for (let i = 0; i < count; i++) {
    await run.clock.waitForSleepers(1);
    await run.clock.advance(run.clock.nextDueMs ?? 0);
  }
  await run.clock.waitForSleepers(1);
  return run.failures.map((failure) => failure.retryInMs);
}

describe('keeping a Workload API stream open (Workload API §4.2, Workload Endpoint appendix A)', () => {
  for (const code of [status.UNAVAILABLE, status.INTERNAL, status.RESOURCE_EXHAUSTED, status.UNKNOWN]) {
    it(`retries ${status[code]} with doubling waits of 200 ms to 10 s`, async () => {
      const run = start(() => Promise.reject(serviceError(code)));
      assert.deepEqual(await waits(run, 7), [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
      run.controller.abort();
    });
  }

  it('EV-44: waits at least a second after PERMISSION_DENIED, and says that there is no identity', async () => {
    const run = start(() => Promise.reject(serviceError(status.PERMISSION_DENIED)));
    assert.deepEqual(await waits(run, 4), [1000, 2000, 4000, 8000, 10_000]);
    assert.equal(run.failures[0]?.code, 'ERR_SPIFFE_NO_IDENTITY');
    run.controller.abort();
  });

  for (const code of [status.INVALID_ARGUMENT, status.UNIMPLEMENTED]) {
    it(`EV-45, EV-46: reports ${status[code]} after one call and does not retry`, async () => {
      let calls = 0;
      const run = start(() => {
        calls++;
        return Promise.reject(serviceError(code));
      });
      await assert.rejects(run.done, { code: 'ERR_SPIFFE_WORKLOAD_API' });
      assert.equal(calls, 1);
      assert.deepEqual(run.failures, []);
    });
  }

  it('starts over after a valid update, and only then', async () => {
    let attempt = 0;
    const run = start((valid) => {
      if (++attempt === 4) valid();
      return Promise.reject(serviceError(status.UNAVAILABLE));
    });
    assert.deepEqual(await waits(run, 4), [200, 400, 800, 200, 400]);
    run.controller.abort();
  });

  it('reconnects at once after a stream that lived, whether it ended with OK or broke', async () => {
    const clock = new ManualClock();
    const ends = [undefined, serviceError(status.UNAVAILABLE)];
    const run = start(async (valid) => {
      valid();
      await clock.sleep(60_000);
      const error = ends.shift();
      if (error !== undefined) throw error;
    }, clock);
    while (run.failures.length < 2) {
      await clock.waitForSleepers(1);
      await clock.advance(clock.nextDueMs ?? 0);
    }
    run.controller.abort();
    assert.ok(run.failures.every(({ retryInMs }) => retryInMs === 0));
  });

  it('does not loop tightly when every stream answers once and ends', async () => {
    const run = start((valid) => {
      valid();
      return Promise.resolve();
    });
    assert.deepEqual(await waits(run, 3), [200, 200, 200, 200]);
    run.controller.abort();
  });

  it('rejects with the reason of the signal, while calling and while waiting', async () => {
    const reason = new Error('stop');
    const waiting = start(() => Promise.reject(serviceError(status.UNAVAILABLE)));
    await waiting.clock.waitForSleepers(1);
    waiting.controller.abort(reason);
    await assert.rejects(waiting.done, reason);

    const controller = new AbortController();
    const calling = start(
      () =>
        new Promise((_, reject) => {
          controller.signal.addEventListener('abort', () => {
            reject(serviceError(status.CANCELLED));
          });
        }),
      new ManualClock(),
      controller,
    );
    controller.abort(reason);
    await assert.rejects(calling.done, reason);
    assert.deepEqual(calling.failures, []);
  });
});
