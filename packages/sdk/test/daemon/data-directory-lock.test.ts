import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSpiffeError } from '@credence/sdk';
import { lockDataDirectory } from '@credence/sdk/daemon';
import { temporaryDirectory } from '../support/temporary-directory.js';

// Another process that takes the lock and keeps it.
async function lockElsewhere(path: string): Promise<ChildProcess> {
  const script = `import { lockDataDirectory } from '@credence/sdk/daemon';
    globalThis.lock = await lockDataDirectory(process.argv[1]);
    process.stdout.write('locked');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

describe('lockDataDirectory', () => {
  it('makes the directory private and writes who has it', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'a/data');
    await using lock = await lockDataDirectory(path);
    assert.equal(lock.path, path);
    assert.equal((await stat(path)).mode & 0o777, 0o700);
    assert.equal((await stat(join(path, 'lock'))).mode & 0o777, 0o600);
    assert.equal(await readFile(join(path, 'lock'), 'utf8'), `${process.pid}\n`);
  });

  it('refuses a second lock with ERR_IN_USE, and gives it after the first ended', async () => {
    await using folder = await temporaryDirectory();
    {
      await using lock = await lockDataDirectory(folder.path);
      await assert.rejects(
        lockDataDirectory(lock.path),
        (error) =>
          isSpiffeError(error, 'ERR_IN_USE') &&
          error.message.includes(`in use by a running process (process ${process.pid})`),
      );
    }
    await using lock = await lockDataDirectory(folder.path);
    assert.equal(lock.path, folder.path);
  });

  it('ends with the process that has it, even one that is killed', async () => {
    await using folder = await temporaryDirectory();
    const child = await lockElsewhere(folder.path);
    await assert.rejects(lockDataDirectory(folder.path), (error) => isSpiffeError(error, 'ERR_IN_USE'));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using lock = await lockDataDirectory(folder.path);
    assert.equal(lock.path, folder.path);
  });

  it('leaves alone a directory with files of others that is open to other users', async () => {
    await using folder = await temporaryDirectory();
    const home = join(folder.path, 'home');
    await mkdir(home);
    await writeFile(join(home, 'file'), '');
    await chmod(home, 0o755);
    await assert.rejects(lockDataDirectory(home), (error) => isSpiffeError(error, 'ERR_CONFIG'));
    assert.equal((await stat(home)).mode & 0o777, 0o755);
    await chmod(home, 0o700);
    await using lock = await lockDataDirectory(home);
    assert.equal(lock.path, home);
  });

  it('says so when the path is no directory', async () => {
    await using folder = await temporaryDirectory();
    await writeFile(join(folder.path, 'file'), '');
    await assert.rejects(lockDataDirectory(join(folder.path, 'file')), (error) => isSpiffeError(error, 'ERR_CONFIG'));
  });
});
