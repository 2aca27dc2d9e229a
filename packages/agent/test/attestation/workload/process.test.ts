import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  checkUnchanged,
  parseStartTime,
  readExecutable,
  readStartTime,
  type PinnedProcess,
} from '../../../dist/attestation/workload/process.js';
import { statLine } from '../../support/fake-proc.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

const names = ['node', 'a b', ')', ') S 1 2 3', '((', ') R 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1', 'line\nbreak', ''];

describe('the start time of a process (proc_pid_stat(5), field 22)', () => {
  for (const name of names) {
    it(`is read whatever the process calls itself: ${JSON.stringify(name)}`, () => {
      assert.equal(parseStartTime(statLine(name, '987654321')), '987654321');
    });
  }

  for (const text of [
    '',
    '4242',
    '4242 (node)',
    '4242 (node) S 1 2 3',
    statLine('node', 'x'),
    statLine('node', '-1'),
  ]) {
    it(`is unknown in ${JSON.stringify(text)}`, () => {
      assert.equal(parseStartTime(text), undefined);
    });
  }

  it('is a number that grows with the age of the machine', () => {
    const uptimeSeconds = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
    const startTime = Number(readStartTime('/proc', process.pid));
    assert.ok(startTime > 0 && startTime / 100 <= uptimeSeconds + 1);
  });

  it('is an error when there is no such process', () => {
    assert.throws(() => readStartTime('/proc', 2 ** 22 + 1), { code: 'ERR_CALLER_UNKNOWN' });
  });
});

describe('a process that connected', () => {
  const own: PinnedProcess = {
    pid: process.pid,
    uid: process.geteuid!(),
    gid: process.getegid!(),
    startTime: readStartTime('/proc', process.pid),
    executable: readExecutable('/proc', process.pid),
    isAlive: () => true,
  };

  it('is the same while it lives and keeps its user and group', () => {
    checkUnchanged('/proc', own);
  });

  it('is refused when it executes another program, as which it would be attested', async () => {
    const child = spawn('sh', ['-c', 'read line; exec cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
    const pid = child.pid!;
    const shell = (): string => readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    await until('the shell to run', () => shell().startsWith('sh\0'));
    const executable = readExecutable('/proc', pid);
    const connected = { ...own, pid, startTime: readStartTime('/proc', pid), executable };
    checkUnchanged('/proc', connected);
    child.stdin.write('\n');
    await until('the shell to become cat', () => shell().startsWith('cat\0'));
    assert.throws(
      () => {
        checkUnchanged('/proc', connected);
      },
      { code: 'ERR_CALLER_UNKNOWN', message: /executed another program/ },
    );
    child.kill();
    await once(child, 'close');
  });

  const changes: readonly { name: string; change: Partial<PinnedProcess> }[] = [
    { name: 'when it exited, though its pid lives on', change: { isAlive: () => false } },
    { name: 'when its pid started at another time', change: { startTime: '1' } },
    { name: 'when it runs another program than when it connected', change: { executable: '1:1' } },
    { name: 'when its program could not be seen when it connected', change: { executable: undefined } },
    { name: 'when its user changed', change: { uid: own.uid + 1 } },
    { name: 'when its group changed', change: { gid: own.gid + 1 } },
    { name: 'when its pid is gone', change: { pid: 2 ** 22 + 1 } },
  ];
  for (const { name, change } of changes) {
    it(`is refused ${name}`, () => {
      assert.throws(
        () => {
          checkUnchanged('/proc', { ...own, ...change });
        },
        { code: 'ERR_CALLER_UNKNOWN' },
      );
    });
  }
});
