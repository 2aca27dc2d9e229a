// The folder of a Unix socket: nobody but root and this process's user may replace it, or anything above it, by
// something else. Callers trust whoever answers at the path.
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { sdkError } from '../runtime/error-codes.js';

const othersMayWrite = 0o022;
const sticky = 0o1000;
// As many as path_resolution(7) follows.
const mostLinks = 40;

/**
 * Makes what is missing of `path`, with exactly `mode` whatever the umask; leaves what exists as it is.
 *
 * @throws ERR_CONFIG when another user could replace the folder or put something into it.
 */
export async function ensureSocketDirectory(path: string, mode: number): Promise<void> {
  const folder = await secure(resolve(path), mode, mostLinks);
  if ((await realpath(path)) !== folder) throw unsafe(path, 'leads elsewhere than it reads');
  // In a folder like /tmp nobody can replace the socket, but anybody can be there first.
  if (((await lstat(folder)).mode & othersMayWrite) !== 0) throw unsafe(path, 'is writable by other users');
}

/** Goes down from the root, and makes nothing below a folder that it has not found safe. Returns where `path` leads. */
async function secure(path: string, mode: number, links: number): Promise<string> {
  const parent = dirname(path);
  const here = parent === path ? path : join(await secure(parent, mode, links), basename(path));
  const stats = await findOrMake(here, mode);
  if (stats.uid !== 0 && stats.uid !== process.geteuid?.()) throw unsafe(here, `belongs to user ${stats.uid}`);
  if (stats.isSymbolicLink()) {
    if (links === 0) throw unsafe(path, 'has too many symbolic links');
    return secure(resolve(dirname(here), await readlink(here)), mode, links - 1);
  }
  if (!stats.isDirectory()) throw unsafe(here, 'is not a folder');
  // What stands in a sticky folder can be moved by its owner only.
  if ((stats.mode & othersMayWrite) !== 0 && (stats.mode & sticky) === 0) {
    throw unsafe(here, 'is writable by other users');
  }
  return here;
}

async function findOrMake(path: string, mode: number): Promise<Stats> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(path, mode);
    await chmod(path, mode);
    return lstat(path);
  }
}

function unsafe(path: string, defect: string): Error {
  const rule = 'a socket needs a folder that only root or the user of this process can change, all the way from /';
  return sdkError('ERR_CONFIG', `socket_path: ${path} ${defect}; ${rule}`);
}
