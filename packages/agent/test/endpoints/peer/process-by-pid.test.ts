import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { checkUnchanged } from '../../../dist/attestation/workload/process.js';
import { pinProcess } from '../../../dist/endpoints/peer/process-by-pid.js';

describe('a process that was named by its number', () => {
  it('is pinned as it is now', () => {
    using pinned = pinProcess('/proc', process.pid);
    assert.deepEqual([pinned.pid, pinned.uid, pinned.gid], [process.pid, process.geteuid?.(), process.getegid?.()]);
    assert.equal(pinned.isAlive(), true);
    checkUnchanged('/proc', pinned);
  });

  it('is gone once it ended, whoever has its number then', async () => {
    const child = spawn('sleep', ['60']);
    await once(child, 'spawn');
    using pinned = pinProcess('/proc', child.pid!);
    assert.equal(pinned.isAlive(), true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.equal(pinned.isAlive(), false);
    assert.throws(
      () => {
        checkUnchanged('/proc', pinned);
      },
      { code: 'ERR_CALLER_UNKNOWN' },
    );
    assert.throws(() => pinProcess('/proc', child.pid!), { code: 'ERR_PEER_CREDENTIALS' });
  });

  it('holds no descriptor afterwards, also when it cannot be pinned', () => {
    const held = (): number => readdirSync('/proc/self/fd').length;
    const before = held();
    for (let count = 0; count < 50; count++) {
      const pinned = pinProcess('/proc', process.pid);
      pinned[Symbol.dispose]();
      pinned[Symbol.dispose]();
      assert.equal(pinned.isAlive(), false);
      assert.throws(() => pinProcess('/nowhere', process.pid), { code: 'ERR_CALLER_UNKNOWN' });
    }
    assert.equal(held(), before);
  });

  for (const pid of [-1, 0, 1.5]) {
    it(`is nobody for ${pid}`, () => {
      assert.throws(() => pinProcess('/proc', pid), { code: 'ERR_PEER_CREDENTIALS' });
    });
  }
});
