import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UnixAttestor, type UnixAttestorOptions } from '../../../../dist/attestation/workload/unix/unix-attestor.js';
import { FakeProc, statusText } from '../../../support/fake-proc.js';

const { signal } = new AbortController();

async function attestorOf(fake: FakeProc, options: Partial<UnixAttestorOptions> = {}): Promise<UnixAttestor> {
  const passwdPath = join(fake.path, 'passwd');
  const groupPath = join(fake.path, 'group');
  await writeFile(passwdPath, 'web:x:1000:2000::/:/bin/sh\n');
  await writeFile(groupPath, 'staff:x:2000:\nadm:x:4:web\n');
  const defaults = { discoverWorkloadPath: false, workloadSizeLimit: 0 };
  return new UnixAttestor({ procPath: fake.path, passwdPath, groupPath, ...defaults, ...options });
}

describe('the unix attestor', () => {
  let fake: FakeProc;
  let workload: { pid: number; uid: number; gid: number };
  let program: string;

  beforeEach(async () => {
    fake = await FakeProc.create();
    workload = { pid: fake.pid, uid: 1000, gid: 2000 };
    await fake.write('status', statusText(1000, 2000, [4, 24]));
    program = join(fake.path, 'program');
    await writeFile(program, 'x'.repeat(600_000));
    await fake.setExecutable(program);
  });

  afterEach(async () => {
    await fake[Symbol.asyncDispose]();
  });

  const identityValues = [
    'uid:1000',
    'user:web',
    'gid:2000',
    'group:staff',
    'supplementary_gid:4',
    'supplementary_group:adm',
    'supplementary_gid:24',
  ];

  it('finds effective user and group and supplementary groups, and no name for a number without', async () => {
    assert.deepEqual(await (await attestorOf(fake)).attest(workload, signal), identityValues);
  });

  it('finds path and digest of the program when it is told to', async () => {
    const attestor = await attestorOf(fake, { discoverWorkloadPath: true });
    const digest = createHash('sha256').update(readFileSync(program)).digest('hex');
    assert.deepEqual(await attestor.attest(workload, signal), [
      ...identityValues,
      `path:${program}`,
      `sha256:${digest}`,
    ]);
  });

  it('finds the path only when it may not hash', async () => {
    const attestor = await attestorOf(fake, { discoverWorkloadPath: true, workloadSizeLimit: -1 });
    assert.deepEqual(await attestor.attest(workload, signal), [...identityValues, `path:${program}`]);
  });

  it('hashes a program as large as the limit, and fails for a larger one', async () => {
    const exact = await attestorOf(fake, { discoverWorkloadPath: true, workloadSizeLimit: 600_000 });
    assert.equal((await exact.attest(workload, signal)).length, identityValues.length + 2);
    const short = await attestorOf(fake, { discoverWorkloadPath: true, workloadSizeLimit: 599_999 });
    await assert.rejects(short.attest(workload, signal), { code: 'ERR_ATTESTATION', message: /workload_size_limit/ });
  });

  it('fails for a file that is larger than it says', async () => {
    await fake.setExecutable('/dev/zero');
    const attestor = await attestorOf(fake, { discoverWorkloadPath: true, workloadSizeLimit: 1_000_000 });
    await assert.rejects(attestor.attest(workload, signal), { code: 'ERR_ATTESTATION' });
  });

  it('stops hashing when the caller goes away', async () => {
    await fake.setExecutable('/dev/zero');
    const attestor = await attestorOf(fake, { discoverWorkloadPath: true });
    const controller = new AbortController();
    const attested = attestor.attest(workload, controller.signal);
    const reason = new Error('gone');
    setImmediate(() => {
      controller.abort(reason);
    });
    await assert.rejects(attested, reason);
  });

  it('fails as a whole when the program cannot be read', async () => {
    await fake.setExecutable(join(fake.path, 'missing'));
    const attestor = await attestorOf(fake, { discoverWorkloadPath: true });
    await assert.rejects(attestor.attest(workload, signal), { code: 'ENOENT' });
  });

  for (const [name, change] of [
    ['user', { uid: 0 }],
    ['group', { gid: 0 }],
  ] as const) {
    it(`fails for a process that acts for another ${name} than when it connected`, async () => {
      const attestor = await attestorOf(fake);
      await assert.rejects(attestor.attest({ ...workload, ...change }, signal), { code: 'ERR_ATTESTATION' });
    });
  }

  it('finds of this very process what Node says of it', async () => {
    const own = { pid: process.pid, uid: process.geteuid!(), gid: process.getegid!() };
    const attestor = await attestorOf(fake, { procPath: '/proc', discoverWorkloadPath: true, workloadSizeLimit: -1 });
    const values = await attestor.attest(own, signal);
    for (const value of [`uid:${own.uid}`, `gid:${own.gid}`, `path:${process.execPath}`])
      assert.ok(values.includes(value));
  });
});
