// The database's files: private whatever the umask, never half made, and never made anew beside what is left of an old one.
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { serverError } from '../../domain/errors.js';
import { Sqlite } from './sqlite.js';

const privateMode = 0o600;

/**
 * Creates an empty database unless there is a file.
 *
 * @throws `ERR_DATASTORE_UNUSABLE`: only its write-ahead log is there, or the file is empty.
 */
export async function createFileUnlessThere(path: string): Promise<void> {
  const size = await sizeOf(path);
  if (size === 0) throw unusable(path, 'the file is empty');
  if (size !== undefined) return;
  if (((await sizeOf(`${path}-wal`)) ?? 0) > 0) {
    throw unusable(path, `the file is missing, but its write-ahead log ${path}-wal is there`);
  }
  await createFile(path);
}

/** The files that SQLite makes beside the database later take their mode from it. */
export async function makePrivate(path: string): Promise<void> {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if ((await sizeOf(file)) !== undefined) await chmod(file, privateMode);
  }
}

/** A file that exists always holds a database: it is made beside, and renamed. */
async function createFile(path: string): Promise<void> {
  const temporary = `${path}.new`;
  for (const file of [temporary, `${temporary}-wal`, `${temporary}-shm`]) await rm(file, { force: true });
  const file = await open(temporary, 'wx', privateMode);
  await file.chmod(privateMode);
  await file.close();
  const db = new Sqlite(temporary, { fileMustExist: true });
  db.pragma('journal_mode = WAL');
  db.close();
  await rename(temporary, path);
  const directory = await open(dirname(path), 'r');
  await directory.sync();
  await directory.close();
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The error for a database that must not be used; it is left as it is. */
export function unusable(path: string, problem: string, cause?: unknown): Error {
  return serverError(
    'ERR_DATASTORE_UNUSABLE',
    `database ${path}: ${problem}; restore it from a backup, or move it away to start with an empty one`,
    cause === undefined ? {} : { cause },
  );
}
