import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ManualClock } from '@credence/sdk/testing';
import { FailureLog } from '../../../dist/endpoints/peer/failure-log.js';
import { TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, snapshot } from '../../support/fake-workload-snapshots.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const asks = `
  import { connectRaw, rawCall } from '${new URL('../../support/raw-call.js', import.meta.url).href}';
  const session = connectRaw(process.argv[1]);
  const ask = () => rawCall(session, '/SpiffeWorkloadAPI/FetchX509SVID', { 'workload.spiffe.io': 'true' });
  await Promise.all(Array.from({ length: 300 }, ask));
  session.destroy();
`;

describe('the log of failed calls', () => {
  it('tells of a hundred of a user’s at a stroke, then of one a second, and how many were left out', async () => {
    const clock = new ManualClock();
    const failures = new FailureLog({ clock });
    const told: (readonly [uid: number, unreported: number])[] = [];
    const fail = (uid: number, count: number): void => {
      for (let i = 0; i < count; i++) failures.report({ uid }, (unreported) => told.push([uid, unreported]));
    };
    fail(1000, 150);
    assert.equal(told.length, 100);
    fail(2000, 1);
    assert.deepEqual(told.at(-1), [2000, 0]);
    await clock.advance(1000);
    fail(1000, 5);
    assert.deepEqual([told.length, told.at(-1)], [102, [1000, 50]]);
    await clock.advance(200_000);
    fail(1000, 150);
    assert.deepEqual([told.length, told[102]], [202, [1000, 4]]);
  });

  it('is not filled by a workload without an identity that asks again and again', async () => {
    const log = new RecordingLogger();
    const snapshots = new FakeWorkloadSnapshots(snapshot([]));
    await using endpoint = await TestEndpoint.start({ snapshots, log, clock: new ManualClock() });
    // Of another process: the agent's own calls are not logged.
    const caller = spawn(process.execPath, ['--input-type=module', '--eval', asks, endpoint.socketPath]);
    const [code] = (await once(caller, 'close')) as [number];
    assert.equal(code, 0);
    assert.equal(log.count('no identity issued'), 100);
  });
});
