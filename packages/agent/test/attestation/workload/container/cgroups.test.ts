import assert from 'node:assert/strict';
import {
  parseCgroupMounts,
  parseCgroups,
  readCgroupMounts,
  readCgroups,
} from '../../../../dist/attestation/workload/container/cgroups.js';
import { FakeProc } from '../../../support/fake-proc.js';

describe('the control groups of a process (cgroups(7))', () => {
  const cases: readonly { readonly name: string; readonly text: string; readonly paths: readonly string[] }[] = [
    { name: 'version 2', text: '0::/user.slice\n', paths: ['/user.slice'] },
    { name: 'version 1', text: '4:cpu,cpuacct:/a\n1:name=systemd:/b\n', paths: ['/a', '/b'] },
    { name: 'a path with colons', text: '0::/a:b::c\n', paths: ['/a:b::c'] },
    { name: 'a path outside of the namespace', text: '0::/../../a\n', paths: ['/../../a'] },
    { name: 'no group', text: '', paths: [] },
  ];
  for (const { name, text, paths } of cases) {
    it(`are read: ${name}`, () => {
      assert.deepEqual(parseCgroups(text), paths);
    });
  }

  for (const text of ['0:/a\n', ':/a\n', '0::a\n', 'x::/a\n', '0::/a\nb\n', '0::/a\r\nb\n', '::\n', '0::\n']) {
    it(`are an error in ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseCgroups(text), { code: 'ERR_ATTESTATION' });
    });
  }
});

describe('the control groups that a process has mounted (proc_pid_mountinfo(5))', () => {
  const row = (root: string, type: string, source = 'cgroup'): string =>
    `35 30 0:31 ${root} /sys/fs/cgroup/memory rw,nosuid shared:15 master:2 - ${type} ${source} rw,memory\n`;
  const cases: readonly { readonly name: string; readonly text: string; readonly roots: readonly string[] }[] = [
    { name: 'version 1', text: row('/docker/a', 'cgroup'), roots: ['/docker/a'] },
    { name: 'version 2', text: row('/../b', 'cgroup2'), roots: ['/../b'] },
    { name: 'without a source', text: row('/c', 'cgroup', ''), roots: ['/c'] },
    { name: 'without optional fields', text: '1 2 0:3 /d /e rw - cgroup2 none rw\n', roots: ['/d'] },
    { name: 'among others', text: row('/f', 'ext4') + row('/g', 'cgroup') + row('/h', 'tmpfs'), roots: ['/g'] },
    { name: 'none', text: row('/docker/a', 'proc'), roots: [] },
    {
      name: 'of which a line break in a name is no line',
      text: row('/a\\0120::/b', 'cgroup'),
      roots: ['/a\\0120::/b'],
    },
  ];
  for (const { name, text, roots } of cases) {
    it(`are read: ${name}`, () => {
      assert.deepEqual(parseCgroupMounts(text), roots);
    });
  }

  for (const text of ['1 2 0:3 /d /e rw cgroup2 none rw\n', '1 2 0:3 - cgroup\n', 'x\n', '1 2 0:3 /d /e rw -\n']) {
    it(`are an error in ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseCgroupMounts(text), { code: 'ERR_ATTESTATION' });
    });
  }
});

describe('the files of control groups', () => {
  it('of a process that has mounted as much as it may take little of the time of others', () => {
    const [line, runs] = ['36 35 98:0 / /tmp/of/its/own rw,nosuid,nodev shared:1 - tmpfs tmpfs rw,size=100k\n', 10];
    const text = line.repeat((4 * 1024 * 1024) / line.length);
    const before = process.cpuUsage();
    for (let run = 0; run < runs; run++) assert.deepEqual(parseCgroupMounts(text), []);
    const { user } = process.cpuUsage(before);
    assert.ok(user / 1000 / runs < 30, `${user / 1000 / runs} ms of a processor each time`);
  });

  it('are read, may be missing, and are refused when they are huge', async () => {
    await using proc = await FakeProc.create();
    assert.deepEqual(await readCgroups(proc.path, proc.pid), []);
    assert.deepEqual(await readCgroupMounts(proc.path, proc.pid), []);
    const line = `0::/${'x'.repeat(200)}\n`;
    await proc.write('cgroup', line.repeat(10_000));
    assert.equal((await readCgroups(proc.path, proc.pid)).length, 10_000);
    await proc.write('cgroup', line.repeat(30_000));
    await assert.rejects(readCgroups(proc.path, proc.pid), { code: 'ERR_ATTESTATION', message: /longer than/ });
  });

  it('of this process are understood', async () => {
    await readCgroups('/proc', process.pid);
    await readCgroupMounts('/proc', process.pid);
  });
});
