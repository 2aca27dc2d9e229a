// Keys in one file that is replaced as a whole: mode 0600, in a directory that no other user can write to, under any
// umask. A file that does not read is never overwritten.
import { chmod, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensurePrivateDirectory, removeUnfinished, writeFileAtomic } from '@credence/sdk/runtime';
import { generateKey, type KeyType } from '@credence/sdk/keys';
import { serverError } from '../domain/errors.js';
import { decodeKeyFile, encodeKeyFile } from './key-file.js';
import type { KeyManager, ManagedKey } from './key-manager.js';

const othersMayWrite = 0o022;

/** A key manager over one file. */
export class DiskKeyManager implements KeyManager {
  readonly #path: string;
  #keys: ReadonlyMap<string, ManagedKey>;
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(path: string, keys: readonly ManagedKey[]) {
    this.#path = path;
    this.#keys = new Map(keys.map((key) => [key.id, key]));
  }

  /**
   * Opens the file. Its directory is made when it is missing, with mode 0700, and left as it is when it is there.
   *
   * @throws `ERR_KEYS`: the key file is damaged, the system refuses to read it or to make the directory, or another user
   * could put a file of his own there.
   */
  static async open(path: string): Promise<DiskKeyManager> {
    const text = await readKeyFile(dirname(path), path);
    return new DiskKeyManager(path, text === undefined ? [] : decodeKeyFile(text, path));
  }

  async generate(id: string, type: KeyType): Promise<ManagedKey> {
    const key = { id, privateKey: await generateKey(type) };
    // One write after the other: each begins with the keys of the one before.
    const write = this.#lastWrite.then(() => this.#write(new Map(this.#keys).set(id, key)));
    this.#lastWrite = write.catch(() => undefined);
    await write;
    return key;
  }

  get(id: string): ManagedKey | undefined {
    return this.#keys.get(id);
  }

  list(): readonly ManagedKey[] {
    return [...this.#keys.values()];
  }

  async #write(keys: ReadonlyMap<string, ManagedKey>): Promise<void> {
    try {
      await writeFileAtomic(this.#path, encodeKeyFile(keys.values()), 0o600);
    } catch (cause) {
      throw unusable(this.#path, 'cannot be written', cause);
    }
    this.#keys = keys;
  }
}

async function readKeyFile(directory: string, path: string): Promise<string | undefined> {
  try {
    await ensureOwnDirectory(directory);
    await removeUnfinished(path);
  } catch (cause) {
    throw unusable(path, 'has no usable directory', cause);
  }
  try {
    await chmod(path, 0o600);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw unusable(path, 'cannot be read', cause);
  }
}

async function ensureOwnDirectory(path: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) {
    await ensurePrivateDirectory(path);
    return;
  }
  const isOwn = stats.uid === 0 || stats.uid === process.geteuid?.();
  if (!isOwn || (stats.mode & othersMayWrite) !== 0) {
    throw new Error('another user can write to it; a directory of the own user with mode 0700 or 0755 is accepted');
  }
}

function unusable(path: string, problem: string, cause: unknown): Error {
  return serverError('ERR_KEYS', `key file ${path} ${problem}: ${(cause as Error).message}`, {
    details: { path },
    cause,
  });
}
