// Files that change together. Each version is a folder of its own, complete and on disk before the link `..data` is turned
// to it in one step; what programs open are links through `..data`. Whoever is killed in between leaves the old version.
// The folder around them may belong to somebody with less power than this process: nothing is followed that he could have
// put there in the meantime.
import { constants } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Logger } from '@credence/sdk/runtime';
import type { DirectorySettings } from './settings.js';

export interface VersionedFile {
  /** Without a folder. */
  readonly name: string;
  readonly content: string;
  /** Permissions, whatever the umask. */
  readonly mode: number;
}

/** The link to the version that counts: a program that resolves it once never sees two versions mixed. */
export const currentVersion = '..data';

const versionPrefix = '..version-';
const unfinishedSuffix = '.unfinished';
const othersMayWrite = 0o022;

export class VersionedDirectory {
  readonly #settings: DirectorySettings;
  readonly #log: Logger;

  constructor({ log, ...settings }: DirectorySettings & { readonly log: Logger }) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Makes the folder if it is missing, and removes what a process that was killed left in it. */
  async prepare(): Promise<void> {
    const { path } = this.#settings;
    const made = await mkdir(path, { recursive: true });
    if (made !== undefined) await chmod(path, 0o755);
    const { mode, uid } = await stat(path);
    if ((mode & othersMayWrite) !== 0 || (uid !== 0 && uid !== process.geteuid?.())) {
      this.#log.warn({ path, uid, mode: mode.toString(8) }, 'others may replace the files in this folder');
    }
    await this.#removeBut([await this.#current()]);
  }

  /**
   * Puts the files in place of the ones before. The version before stays for those who are reading it.
   *
   * @throws the error of the operating system; the version before counts then.
   */
  async publish(files: readonly VersionedFile[]): Promise<void> {
    const { path } = this.#settings;
    const before = await this.#current();
    const version = await mkdtemp(join(path, versionPrefix));
    try {
      await this.#fill(version, files);
      await this.#turn(currentVersion, basename(version));
    } catch (error) {
      await remove(version).catch(() => undefined); // or the next time
      throw error;
    }
    for (const { name } of files) await this.#turn(name, join(currentVersion, name));
    await sync(path);
    await this.#removeBut([basename(version), before]);
  }

  async #fill(version: string, files: readonly VersionedFile[]): Promise<void> {
    await using folder = await openFolder(version);
    const { mode, uid } = await folder.stat();
    if (uid !== process.geteuid?.() || (mode & 0o077) !== 0) throw new Error(`${version} was replaced by others`);
    for (const file of files) await this.#write(inside(folder, file.name), file);
    await folder.chmod(0o755);
    await folder.sync();
  }

  async #write(path: string, { content, mode }: VersionedFile): Promise<void> {
    const { owner, group } = this.#settings;
    const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      // -1: as it is (chown(2)).
      if (owner !== undefined || group !== undefined) await file.chown(owner ?? -1, group ?? -1);
      await file.chmod(mode);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Makes the link lead to `target`, in one step. */
  async #turn(name: string, target: string): Promise<void> {
    const link = join(this.#settings.path, name);
    if ((await this.#targetOf(name)) === target) return;
    const unfinished = join(this.#settings.path, `..${name}${unfinishedSuffix}`);
    await rm(unfinished, { force: true });
    await symlink(target, unfinished);
    await rename(unfinished, link);
  }

  #current(): Promise<string | undefined> {
    return this.#targetOf(currentVersion);
  }

  /** Undefined: it is no link. */
  async #targetOf(name: string): Promise<string | undefined> {
    return readlink(join(this.#settings.path, name)).catch(() => undefined);
  }

  async #removeBut(kept: readonly (string | undefined)[]): Promise<void> {
    const { path } = this.#settings;
    for (const name of await readdir(path)) {
      const isOurs = name.startsWith(versionPrefix) || (name.startsWith('..') && name.endsWith(unfinishedSuffix));
      if (isOurs && !kept.includes(name)) await remove(join(path, name));
    }
  }
}

/** The folder itself, wherever its path leads from now on. @throws for a link, and for anything else that is no folder */
function openFolder(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

function inside({ fd }: FileHandle, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}

/** Removes a file, a link, or a folder of files: `rm` looks at a path, and again when it may be a link elsewhere. */
async function remove(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EISDIR')) throw error;
    await using folder = await openFolder(path);
    for (const name of await readdir(inside(folder, ''))) await unlink(inside(folder, name));
    await rmdir(path);
  }
}

async function sync(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY);
  await directory.sync();
}
