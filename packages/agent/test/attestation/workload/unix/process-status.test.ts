import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parseProcessStatus } from '../../../../dist/attestation/workload/unix/process-status.js';
import { statusText } from '../../../support/fake-proc.js';

const good = statusText(1000, 2000, [4, 24]);

describe('the status of a process (proc_pid_status(5))', () => {
  it('names the effective user and group and the supplementary groups', () => {
    assert.deepEqual(parseProcessStatus(good), { uid: 1000, gid: 2000, supplementaryGids: [4, 24] });
  });

  it('may name no supplementary groups', () => {
    assert.deepEqual(parseProcessStatus(statusText(1, 2)).supplementaryGids, []);
  });

  it('of this process says what Node says', () => {
    const { uid, gid, supplementaryGids } = parseProcessStatus(readFileSync('/proc/self/status', 'latin1'));
    assert.equal(uid, process.geteuid!());
    assert.equal(gid, process.getegid!());
    const groups = new Set(process.getgroups!());
    assert.ok(supplementaryGids.every((group) => groups.has(group)));
  });

  it('is not fooled by a name that looks like a line of it: the kernel escapes line breaks', () => {
    const forged = good.replace('Name:\tnode', 'Name:\tx\\nUid:\t0\t0\t0\t0');
    assert.equal(parseProcessStatus(forged).uid, 1000);
  });

  for (const line of ['Uid', 'Gid', 'Groups']) {
    it(`is refused without a usable ${line}`, () => {
      for (const bad of [`X${line}:`, `${line}:\t-1\t-1\t-1\t-1`, `${line}:\tx`]) {
        const text = good.replace(new RegExp(`^${line}:.*$`, 'm'), bad);
        assert.throws(() => parseProcessStatus(text), { code: 'ERR_ATTESTATION' });
      }
    });
  }

  it('is refused with less than four user ids', () => {
    assert.throws(() => parseProcessStatus(good.replace(/^Uid:.*$/m, 'Uid:\t1\t2\t3')), { code: 'ERR_ATTESTATION' });
  });
});
