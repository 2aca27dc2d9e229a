// Files that are never half written: write beside, fsync, rename, fsync the directory.
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces `path` by a file of exactly `mode`, whatever the umask. After it resolves the content survives a crash of
 * the machine; before, the old content does. Two writes at once are an error of at least one. Only a process that is
 * killed leaves its part of a file behind, always under the same name: the next write, or `removeUnfinished`, removes it.
 *
 * @throws the error of the operating system; nothing is left behind.
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const temporary = unfinished(path);
  try {
    await rm(temporary, { force: true });
    const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
    try {
      await file.chmod(mode);
      await file.writeFile(content);
      await file.sync();
      const [ours, there] = [await file.stat(), await lstat(temporary)];
      if (ours.ino !== there.ino) throw new Error(`${path} is being written by someone else too`);
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Removes what a write of `path` left behind when its process was killed: part of a key, perhaps. */
export async function removeUnfinished(path: string): Promise<void> {
  await rm(unfinished(path), { force: true });
}

/**
 * Gives `path` exactly mode 0700, making it and what is missing above it. Folders made above it get mode 0755, whatever
 * the umask: something that others must reach, such as a socket, may lie beside `path`.
 */
export async function ensurePrivateDirectory(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  for (let above = dirname(path); made !== undefined && above.startsWith(made); above = dirname(above)) {
    await chmod(above, 0o755);
  }
  await chmod(path, 0o700);
}

function unfinished(path: string): string {
  return `${path}.tmp`;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
