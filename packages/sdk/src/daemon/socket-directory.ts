// The directory of a Unix socket. Whoever can replace it can answer in the daemon's place, so every folder and
// symbolic link on the way to it must belong to root or to this user and be writable by nobody else.
import type { Stats } from 'node:fs';
import { chmod, lstat, mkdir, readlink } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { sdkError } from '../runtime/error-codes.js';

// sun_path of unix(7), with its terminating zero.
const longestSocketPath = 107;
const othersMayWrite = 0o022;
const sticky = 0o1000;

/**
 * Makes the directory of the socket, with `mode` where it is missing, and checks it.
 *
 * @throws ERR_CONFIG when the path is too long, or when somebody else could replace the directory.
 */
export async function prepareSocketDirectory(socketPath: string, mode: number): Promise<void> {
  if (Buffer.byteLength(socketPath) > longestSocketPath) {
    throw sdkError(
      'ERR_CONFIG',
      `socket path ${socketPath} is too long; up to ${longestSocketPath} bytes are accepted`,
    );
  }
  const directory = dirname(resolve(socketPath));
  await makeDirectory(directory, mode);
  await checkDirectory(directory);
}

// Each new folder gets exactly `mode`, whatever the umask.
async function makeDirectory(directory: string, mode: number): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = directory; made.startsWith(first); made = dirname(made)) await chmod(made, mode);
}

/** Refuses a directory that somebody else could replace. @throws ERR_CONFIG */
export async function checkDirectory(directory: string): Promise<void> {
  const user = process.geteuid?.();
  const pending = resolve(directory).split(sep).filter(Boolean);
  let current: string = sep;
  for (let links = 0; ;) {
    const stats = await lstat(current);
    const problem = problemOf(stats, user);
    if (problem !== undefined) throw replaceable(directory, current, problem);
    if (stats.isSymbolicLink()) {
      if (++links > 40) throw replaceable(directory, current, 'is one of too many symbolic links');
      pending.unshift(
        ...resolve(dirname(current), await readlink(current))
          .split(sep)
          .filter(Boolean),
      );
      current = sep;
      continue;
    }
    const next = pending.shift();
    if (next === undefined) break;
    current = join(current, next);
  }
  const { mode } = await lstat(current);
  if ((mode & othersMayWrite) !== 0) throw replaceable(directory, current, 'may be written by others');
}

// A sticky folder such as /tmp is safe to pass through: others cannot rename what is not theirs.
function problemOf(stats: Stats, user: number | undefined): string | undefined {
  if (stats.uid !== 0 && stats.uid !== user) return `belongs to user ${stats.uid}`;
  if (stats.isSymbolicLink()) return undefined;
  if (!stats.isDirectory()) return 'is no directory';
  if ((stats.mode & othersMayWrite) !== 0 && (stats.mode & sticky) === 0) return 'may be written by others';
  return undefined;
}

function replaceable(directory: string, part: string, problem: string): Error {
  return sdkError(
    'ERR_CONFIG',
    `socket directory ${directory} could be replaced: ${part} ${problem}; a directory is accepted that, with all above it, belongs to root or this user and is writable by nobody else`,
  );
}
