// One running daemon a data directory. The lock is the kernel's (flock(2)): it ends with the process, however that
// ends, so that there is never a stale one to remove.
import { constants } from 'node:fs';
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrivateDirectory } from '../runtime/atomic-file.js';
import { sdkError } from '../runtime/error-codes.js';
import { errorText } from './exit.js';
import { libc } from './libc.js';

const lockFile = 'lock';
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Proof that the directory is this process's. */
export interface DataDirectoryLock extends AsyncDisposable {
  readonly path: string;
}

/**
 * Makes the directory with mode 0700 and takes its lock, which lasts until disposal.
 *
 * @throws ERR_IN_USE when a running process has it; ERR_CONFIG when the directory holds what others may read and was
 * not made by this function.
 */
export async function lockDataDirectory(path: string): Promise<DataDirectoryLock> {
  await checkOurs(path);
  await ensurePrivateDirectory(path);
  const file = await open(join(path, lockFile), constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    if (libc().flock(file.fd, LOCK_EX | LOCK_NB) !== 0) throw await inUse(path, file);
    await file.truncate();
    await file.write(`${process.pid}\n`, 0);
  } catch (error) {
    await file.close();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: () => file.close() };
}

// Making somebody's full folder private (a home, /tmp) would break what is not ours.
async function checkOurs(path: string): Promise<void> {
  const names = await namesIn(path);
  if (names.length === 0 || names.includes(lockFile)) return;
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0) return;
  throw sdkError(
    'ERR_CONFIG',
    `data directory ${path} is not empty and open to other users; a missing, empty or private (mode 0700) directory is accepted`,
  );
}

async function inUse(path: string, file: FileHandle): Promise<Error> {
  const errno = libc().errno();
  if (errno !== libc().codes['EWOULDBLOCK'] && errno !== libc().codes['EAGAIN']) {
    return sdkError('ERR_CONFIG', `data directory ${path} cannot be locked: errno ${errno}`);
  }
  const pid = (await file.readFile('utf8')).trim();
  const owner = /^\d+$/.test(pid) ? ` (process ${pid})` : '';
  return sdkError(
    'ERR_IN_USE',
    `data directory ${path} is in use by a running process${owner}; stop it or give another directory`,
  );
}

async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw sdkError('ERR_CONFIG', `data directory ${path} cannot be used: ${errorText(error)}`, { cause: error });
  }
}
