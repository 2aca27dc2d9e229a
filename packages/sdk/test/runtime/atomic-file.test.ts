import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensurePrivateDirectory, removeUnfinished, writeFileAtomic } from '@credence/sdk/runtime';

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

  it('replaces what a killed process left behind, and removeUnfinished removes it', async () => {
    const path = join(folder, 'key');
    await kill9WhileWriting(path);
    await writeFileAtomic(path, 'new', 0o600);
    assert.deepEqual(await readdir(folder), ['key']);
    await kill9WhileWriting(path);
    assert.equal((await readdir(folder)).length, 2);
    await removeUnfinished(path);
    assert.deepEqual(await readdir(folder), ['key']);
    assert.equal(await readFile(path, 'utf8'), 'new');
  });

  it('gives the whole of one content, and nothing else, when several write at once', async () => {
    const path = join(folder, 'key');
    const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(10_000));
    await writeFileAtomic(path, 'old', 0o600);
    await Promise.allSettled(contents.map((content) => writeFileAtomic(path, content, 0o600)));
    assert.ok(['old', ...contents].includes(await readFile(path, 'utf8')));
    assert.deepEqual(await readdir(folder), ['key']);
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

/** Runs a process that dies by SIGKILL between opening the temporary file and renaming it. */
async function kill9WhileWriting(path: string): Promise<void> {
  const script = `
    import { writeFileAtomic } from '@credence/sdk/runtime';
    import { readdirSync } from 'node:fs';
    const before = readdirSync(process.argv[2]).length;
    void writeFileAtomic(process.argv[1], 'secret'.repeat(10_000_000), 0o600);
    const watch = () => readdirSync(process.argv[2]).length > before ? process.kill(process.pid, 'SIGKILL') : setImmediate(watch);
    watch();`;
  const options = { cwd: import.meta.dirname, stdio: 'inherit' } as const;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path, dirname(path)], options);
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL']);
}
