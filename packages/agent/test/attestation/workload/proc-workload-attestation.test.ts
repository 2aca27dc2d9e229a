import assert from 'node:assert/strict';
import { silentLogger, type Logger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { ProcWorkloadAttestation } from '../../../dist/attestation/workload/proc-workload-attestation.js';
import { readExecutable, readStartTime, type PinnedProcess } from '../../../dist/attestation/workload/process.js';
import type { WorkloadAttestor } from '../../../dist/attestation/workload/workload-attestor.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const own: PinnedProcess = {
  pid: process.pid,
  uid: process.geteuid!(),
  gid: process.getegid!(),
  startTime: readStartTime('/proc', process.pid),
  executable: readExecutable('/proc', process.pid),
  isAlive: () => true,
};
const { signal } = new AbortController();

function attestor(type: string, ...values: readonly string[]): WorkloadAttestor {
  return { type, attest: () => Promise.resolve(values) };
}

function failing(type: string): WorkloadAttestor {
  return { type, attest: () => Promise.reject(new Error(`${type} is broken`)) };
}

function hanging(type: string): WorkloadAttestor {
  return { type, attest: () => new Promise(() => undefined) };
}

function attestation(
  attestors: readonly WorkloadAttestor[],
  log: Logger = silentLogger,
  clock = new ManualClock(),
): ProcWorkloadAttestation {
  return new ProcWorkloadAttestation({ clock, log, attestors, procPath: '/proc' });
}

describe('workload attestation', () => {
  it('puts together what all attestors found, each under its type', async () => {
    const selectors = await attestation([attestor('unix', 'uid:1', 'gid:2'), attestor('docker', 'a:b:c')]).attest(
      own,
      signal,
    );
    assert.deepEqual(selectors, [
      { type: 'unix', value: 'uid:1' },
      { type: 'unix', value: 'gid:2' },
      { type: 'docker', value: 'a:b:c' },
    ]);
  });

  it('asks all attestors at once', async () => {
    const asked: ((values: readonly string[]) => void)[] = [];
    const waiting: WorkloadAttestor = { type: 'unix', attest: () => new Promise((resolve) => asked.push(resolve)) };
    const attested = attestation([waiting, waiting]).attest(own, signal);
    assert.equal(asked.length, 2);
    for (const answer of asked) answer(['x']);
    assert.equal((await attested).length, 2);
  });

  it('goes on without an attestor that fails, and names it in the log, but not each time', async () => {
    const log = new RecordingLogger();
    const attesting = attestation([failing('docker'), attestor('unix', 'uid:1'), failing('systemd')], log);
    for (let i = 0; i < 100; i++) {
      assert.deepEqual(await attesting.attest(own, signal), [{ type: 'unix', value: 'uid:1' }]);
    }
    assert.deepEqual(
      log.records.map(({ level, message, fields }) => [level, message, { ...fields, err: undefined }]),
      ['docker', 'systemd'].map((attestor) => [
        'warn',
        'workload attestor failed',
        { attestor, pid: process.pid, err: undefined, unreported: 0 },
      ]),
    );
  });

  it('goes on without an attestor that takes longer than 5 s, tells it to stop, and names it in the log', async () => {
    const clock = new ManualClock();
    const log = new RecordingLogger();
    let told: AbortSignal | undefined;
    const slow: WorkloadAttestor = {
      type: 'docker',
      attest: (_workload, stop) => {
        told = stop;
        return new Promise(() => undefined);
      },
    };
    const attested = attestation([slow, attestor('unix', 'uid:1')], log, clock).attest(own, signal);
    await clock.waitForSleepers(1);
    await clock.advance(4999);
    assert.equal(told?.aborted, false);
    await clock.advance(1);
    assert.deepEqual(await attested, [{ type: 'unix', value: 'uid:1' }]);
    assert.equal(told.aborted, true);
    assert.equal(clock.sleepers, 0);
    assert.deepEqual(
      log.records.map(({ fields }) => fields),
      [{ attestor: 'docker', pid: process.pid, reason: 'no answer within 5000 ms', unreported: 0 }],
    );
  });

  it('reports how each attestor fared', async () => {
    const clock = new ManualClock();
    const attestors = [attestor('unix', 'uid:1'), failing('docker'), hanging('systemd'), attestor('k8s')];
    const examined = attestation(attestors, silentLogger, clock).examine(own, signal);
    await clock.advance(0); // all that answer have answered
    assert.equal(clock.sleepers, 1);
    await clock.advance(5000);
    assert.deepEqual(await examined, [
      { attestor: 'unix', elapsedMs: 0, kind: 'found', selectors: [{ type: 'unix', value: 'uid:1' }] },
      { attestor: 'docker', elapsedMs: 0, kind: 'failed', error: new Error('docker is broken') },
      { attestor: 'systemd', elapsedMs: 5000, kind: 'timedOut' },
      { attestor: 'k8s', elapsedMs: 0, kind: 'found', selectors: [] },
    ]);
  });

  it('takes no selectors for an answer, when an attestor gave it', async () => {
    assert.deepEqual(await attestation([failing('docker'), attestor('unix')]).attest(own, signal), []);
  });

  for (const attestors of [[], [failing('unix')], [failing('unix'), failing('docker')]]) {
    it(`fails when all of ${attestors.length} attestors fail`, async () => {
      await assert.rejects(attestation(attestors).attest(own, signal), { code: 'ERR_ATTESTATION' });
    });
  }

  it('looks whether the process still lives after the attestors have looked at it, and not before', async () => {
    const events: string[] = [];
    const slow: WorkloadAttestor = {
      type: 'unix',
      attest: async () => {
        await Promise.resolve();
        events.push('attested');
        return [];
      },
    };
    const watched = { ...own, isAlive: () => events.push('checked') > 0 };
    await attestation([slow]).attest(watched, signal);
    assert.deepEqual(events, ['attested', 'checked']);
  });

  it('gives nothing for a process that died while it was attested', async () => {
    const process = { ...own, isAlive: () => false };
    await assert.rejects(attestation([attestor('unix', 'uid:1')]).attest(process, signal), {
      code: 'ERR_CALLER_UNKNOWN',
    });
  });

  it('stops with the reason of the signal, and logs no failure then', async () => {
    const log = new RecordingLogger();
    const controller = new AbortController();
    const attested = attestation([hanging('unix')], log).attest(own, controller.signal);
    const reason = new Error('the caller went away');
    controller.abort(reason);
    await assert.rejects(attested, reason);
    assert.deepEqual(log.records, []);
  });
});
