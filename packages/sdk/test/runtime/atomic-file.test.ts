import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePrivateDirectory, writeFileAtomic } from '@credence/sdk/runtime';

describe('writeFileAtomic', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'credence-'))));
  afterEach(() => rm(folder, { recursive: true }));

  for (const umask of [0o000, 0o022, 0o777]) {
    it(`gives exactly the mode, on creation and on replacement, under umask ${umask.toString(8)}`, async () => {
      const path = join(folder, 'key');
      const before = process.umask(umask);
      try {
        for (const content of ['one', 'two']) {
          await writeFileAtomic(path, content, 0o600);
          assert.equal((await stat(path)).mode & 0o777, 0o600);
          assert.equal(await readFile(path, 'utf8'), content);
        }
      } finally {
        process.umask(before);
      }
    });
  }

  it('leaves the old file and nothing else when it fails', async () => {
    await assert.rejects(writeFileAtomic(join(folder, 'missing', 'key'), 'x', 0o600));
    assert.deepEqual(await readdir(folder), []);
  });

  for (const umask of [0o000, 0o077]) {
    it(`makes the last directory private and those above it passable, under umask ${umask.toString(8)}`, async () => {
      const before = process.umask(umask);
      try {
        await ensurePrivateDirectory(join(folder, 'a', 'b', 'c'));
      } finally {
        process.umask(before);
      }
      assert.equal((await stat(join(folder, 'a', 'b', 'c'))).mode & 0o777, 0o700);
      for (const above of ['a', 'a/b']) assert.equal((await stat(join(folder, above))).mode & 0o777, 0o755);
      await ensurePrivateDirectory(join(folder, 'a'));
      assert.equal((await stat(join(folder, 'a'))).mode & 0o777, 0o700);
    });
  }
});
