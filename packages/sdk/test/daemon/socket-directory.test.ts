import assert from 'node:assert/strict';
import { chmod, chown, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSpiffeError } from '@credence/sdk/runtime';
import { ensureSocketDirectory } from '../../dist/daemon/socket-directory.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.js';

async function assertRefused(path: string, reason: RegExp): Promise<void> {
  await assert.rejects(ensureSocketDirectory(path, 0o755), (error: Error) => {
    assert.ok(isSpiffeError(error, 'ERR_CONFIG'), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

describe('the folder of a socket', () => {
  let directory: TemporaryDirectory;
  let folder: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    folder = directory.path;
  });

  afterEach(() => directory[Symbol.asyncDispose]());

  for (const mode of [0o755, 0o750]) {
    for (const umask of [0o000, 0o022, 0o077, 0o777]) {
      const title = `is made with mode ${mode.toString(8)} under umask ${umask.toString(8)}`;
      it(`${title}, as all that is missing above it`, async () => {
        const before = process.umask(umask);
        try {
          await ensureSocketDirectory(join(folder, 'a', 'b'), mode);
        } finally {
          process.umask(before);
        }
        for (const made of ['a', 'a/b']) assert.equal((await stat(join(folder, made))).mode & 0o7777, mode);
      });
    }
  }

  it('is left as it is when it exists', async () => {
    const path = join(folder, 'a');
    await mkdir(path);
    await chmod(path, 0o700);
    await ensureSocketDirectory(path, 0o755);
    assert.equal((await stat(path)).mode & 0o7777, 0o700);
  });

  for (const mode of [0o770, 0o775, 0o757, 0o777, 0o1777]) {
    it(`is refused with mode ${mode.toString(8)}: others could put something into it`, async () => {
      const path = join(folder, 'a');
      await mkdir(path);
      await ensureSocketDirectory(path, 0o755);
      await chmod(path, mode);
      await assertRefused(path, /a is writable by other users/);
    });
  }

  it('is refused below a folder in which others could replace it, and not made there', async () => {
    const above = join(folder, 'a');
    await mkdir(above);
    await chmod(above, 0o777);
    await assertRefused(join(above, 'b'), /a is writable by other users/);
    await assert.rejects(stat(join(above, 'b')), { code: 'ENOENT' });
    await chmod(above, 0o1777);
    await ensureSocketDirectory(join(above, 'b'), 0o755);
  });

  it('may be reached by a link, and is refused where the link leads to an unsafe place', async () => {
    const target = join(folder, 'target', 'deep');
    await mkdir(target, { recursive: true });
    await symlink('target', join(folder, 'link'));
    await ensureSocketDirectory(join(folder, 'link', 'deep'), 0o755);
    await chmod(join(folder, 'target'), 0o777);
    await assertRefused(join(folder, 'link', 'deep'), /target is writable by other users/);
  });

  it('is refused when links go round in circles', async () => {
    await symlink('two', join(folder, 'one'));
    await symlink('one', join(folder, 'two'));
    await assertRefused(join(folder, 'one'), /too many symbolic links/);
  });

  it('is refused when it is a file', async () => {
    await writeFile(join(folder, 'a'), '');
    await assertRefused(join(folder, 'a'), /a is not a folder/);
  });

  // Only root can give a folder away.
  if (process.getuid?.() === 0) {
    it('is refused when it belongs to somebody else', async () => {
      const path = join(folder, 'a');
      await mkdir(path);
      await ensureSocketDirectory(path, 0o755);
      await chown(path, 65534, 65534);
      await assertRefused(path, /a belongs to user 65534/);
    });
  }
});
