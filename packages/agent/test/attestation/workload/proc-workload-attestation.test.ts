import assert from 'node:assert/strict';
import { silentLogger, type Logger } from '@credence/sdk/runtime';
import { ProcWorkloadAttestation } from '../../../dist/attestation/workload/proc-workload-attestation.js';
import { readExecutable, readStartTime, type PinnedProcess } from '../../../dist/attestation/workload/process.js';
import type { WorkloadAttestor } from '../../../dist/attestation/workload/workload-attestor.js';

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

function attestation(attestors: readonly WorkloadAttestor[], log: Logger = silentLogger): ProcWorkloadAttestation {
  return new ProcWorkloadAttestation({ log, attestors, procPath: '/proc' });
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

  it('goes on without an attestor that fails, and names it in the log', async () => {
    const logged: { attestor?: string; pid?: number }[] = [];
    const log: Logger = { ...silentLogger, error: (fields) => logged.push(fields) };
    const selectors = await attestation([failing('docker'), attestor('unix', 'uid:1')], log).attest(own, signal);
    assert.deepEqual(selectors, [{ type: 'unix', value: 'uid:1' }]);
    assert.equal(logged.length, 1);
    assert.equal(logged[0]?.attestor, 'docker');
    assert.equal(logged[0].pid, process.pid);
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
    const logged: object[] = [];
    const log: Logger = { ...silentLogger, error: (fields) => logged.push(fields) };
    const controller = new AbortController();
    const waiting: WorkloadAttestor = {
      type: 'unix',
      attest: (_workload, aborted) =>
        new Promise((_resolve, reject) => {
          aborted.addEventListener('abort', () => {
            reject(aborted.reason as Error);
          });
        }),
    };
    const attested = attestation([waiting], log).attest(own, controller.signal);
    const reason = new Error('the caller went away');
    controller.abort(reason);
    await assert.rejects(attested, reason);
    assert.deepEqual(logged, []);
  });
});
