// Keys in one file that is replaced as a whole: mode 0600 in a directory of mode 0700, under any umask. A file that does
// not read is never overwritten.
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrivateDirectory, removeUnfinished, writeFileAtomic } from '@credence/sdk/runtime';
import { generateKey, type KeyType } from '@credence/sdk/keys';
import { serverError } from '../domain/errors.js';
import { decodeKeyFile, encodeKeyFile } from './key-file.js';
import type { KeyManager, ManagedKey } from './key-manager.js';

/** A key manager over `keys.json` in a directory of its own. */
export class DiskKeyManager implements KeyManager {
  readonly #path: string;
  #keys: ReadonlyMap<string, ManagedKey>;
  #lastWrite: Promise<unknown> = Promise.resolve();

  private constructor(path: string, keys: readonly ManagedKey[]) {
    this.#path = path;
    this.#keys = new Map(keys.map((key) => [key.id, key]));
  }

  /**
   * Opens the directory, making it when it is missing.
   *
   * @throws `ERR_KEYS`: the key file is damaged, or the system refuses to read it or to make the directory.
   */
  static async open(directory: string): Promise<DiskKeyManager> {
    const path = join(directory, 'keys.json');
    const text = await readKeyFile(directory, path);
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
    await ensurePrivateDirectory(directory);
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

function unusable(path: string, problem: string, cause: unknown): Error {
  return serverError('ERR_KEYS', `key file ${path} ${problem}: ${(cause as Error).message}`, {
    details: { path },
    cause,
  });
}
