// Copies a database while a server writes to it: the copy shows one moment, is one file, and is there whole or not at all.
import { existsSync } from 'node:fs';
import { link, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { usageError } from '@credence/sdk/daemon';
import { unusable } from './sqlite-file.js';
import { Sqlite } from './sqlite.js';

const allPages = 2 ** 31 - 1;

export interface BackupOptions {
  /** The database; it stays as it is. */
  readonly from: string;
  /** Made with mode 0600; must not be there. */
  readonly to: string;
}

/** @throws ERR_USAGE: `to` is there · `ERR_DATASTORE_UNUSABLE`: `from` is missing or damaged · errors of the system */
export async function backUp({ from, to }: BackupOptions): Promise<void> {
  const part = `${to}.part`;
  // Known at the end too, but nobody likes to wait for that.
  if (existsSync(to)) throw exists(to);
  await refuseToOverwrite(part, async () => (await open(part, 'wx', 0o600)).close());
  try {
    await copy(from, part);
    await sync(part);
    // Unlike a rename, never replaces what has come meanwhile.
    await refuseToOverwrite(to, () => link(part, to));
  } finally {
    for (const file of [part, `${part}-journal`, `${part}-wal`, `${part}-shm`]) await rm(file, { force: true });
  }
  await sync(dirname(to));
}

async function copy(from: string, part: string): Promise<void> {
  const source = openSource(from);
  try {
    // In one step: a copy in several begins anew after each write of the server's.
    await source.backup(part, { progress: () => allPages });
  } catch (error) {
    throw unusable(from, (error as Error).message, error);
  } finally {
    source.close();
  }
  const written = new Sqlite(part, { fileMustExist: true });
  try {
    // Nothing of the copy is in a write-ahead log.
    written.pragma('journal_mode = DELETE');
    const finding = written.pragma('quick_check(1)', { simple: true });
    if (finding !== 'ok') throw unusable(from, `its copy is damaged (${String(finding)})`);
  } finally {
    written.close();
  }
}

function openSource(path: string): Database {
  try {
    return new Sqlite(path, { readonly: true, fileMustExist: true });
  } catch (error) {
    throw unusable(path, (error as Error).message, error);
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
}

async function refuseToOverwrite(path: string, make: () => Promise<void>): Promise<void> {
  try {
    await make();
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? exists(path) : error;
  }
}

function exists(path: string): Error {
  return usageError(`${path} is there already; a backup replaces nothing: name another file, or move it away`);
}
