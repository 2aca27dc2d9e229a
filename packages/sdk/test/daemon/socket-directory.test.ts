import assert from 'node:assert/strict';
import { chmod, chown, mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSpiffeError } from '@credence/sdk';
import { prepareSocketDirectory } from '@credence/sdk/daemon';
import { temporaryDirectory } from './temporary-directory.js';

function refusal(problem: RegExp): (error: unknown) => boolean {
  return (error) => isSpiffeError(error, 'ERR_CONFIG') && problem.test(error.message);
}

describe('prepareSocketDirectory', () => {
  it('makes what is missing with exactly the mode asked, whatever the umask', async () => {
    await using folder = await temporaryDirectory();
    const before = process.umask(0o077);
    try {
      await prepareSocketDirectory(join(folder.path, 'a/b/api.sock'), 0o755);
    } finally {
      process.umask(before);
    }
    for (const made of ['a', 'a/b']) assert.equal((await stat(join(folder.path, made))).mode & 0o777, 0o755);
  });

  it('leaves the mode of a directory that is there', async () => {
    await using folder = await temporaryDirectory();
    await prepareSocketDirectory(join(folder.path, 'api.sock'), 0o755);
    assert.equal((await stat(folder.path)).mode & 0o777, 0o700);
  });

  for (const mode of [0o777, 0o770, 0o1777]) {
    it(`refuses a directory of mode ${mode.toString(8)}`, async () => {
      await using folder = await temporaryDirectory();
      await prepareSocketDirectory(join(folder.path, 'open/api.sock'), 0o755);
      await chmod(join(folder.path, 'open'), mode);
      await assert.rejects(
        prepareSocketDirectory(join(folder.path, 'open/api.sock'), 0o755),
        refusal(/could be replaced: .*\/open may be written by others/),
      );
    });
  }

  it('refuses a directory below one that others may write, unless that is sticky', async () => {
    await using folder = await temporaryDirectory();
    const parent = join(folder.path, 'shared');
    await mkdir(parent);
    await chmod(parent, 0o1777);
    await prepareSocketDirectory(join(parent, 'mine/api.sock'), 0o755);
    await chmod(parent, 0o777);
    await assert.rejects(
      prepareSocketDirectory(join(parent, 'mine/api.sock'), 0o755),
      refusal(/shared may be written/),
    );
  });

  it('judges what a symbolic link leads to', async () => {
    await using folder = await temporaryDirectory();
    await mkdir(join(folder.path, 'real'), { mode: 0o755 });
    await symlink(join(folder.path, 'real'), join(folder.path, 'link'));
    await prepareSocketDirectory(join(folder.path, 'link/api.sock'), 0o755);
    await chmod(join(folder.path, 'real'), 0o777);
    await assert.rejects(
      prepareSocketDirectory(join(folder.path, 'link/api.sock'), 0o755),
      refusal(/real may be written/),
    );
  });

  it('refuses a file on the way, and a path that no socket can have', async () => {
    await using folder = await temporaryDirectory();
    await writeFile(join(folder.path, 'file'), '');
    await assert.rejects(prepareSocketDirectory(join(folder.path, 'file/sub/api.sock'), 0o755));
    await assert.rejects(prepareSocketDirectory(`/${'a'.repeat(107)}`, 0o755), refusal(/up to 107 bytes/));
  });

  if (process.geteuid?.() === 0) {
    it('refuses a directory of another user (as root, who can make one)', async () => {
      await using folder = await temporaryDirectory();
      const foreign = join(folder.path, 'foreign');
      await mkdir(foreign, { mode: 0o755 });
      await prepareSocketDirectory(join(foreign, 'api.sock'), 0o755);
      await chown(foreign, 12345, 12345);
      await assert.rejects(prepareSocketDirectory(join(foreign, 'api.sock'), 0o755), refusal(/belongs to user 12345/));
    });
  }
});
