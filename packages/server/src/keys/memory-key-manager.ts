// Keys that live as long as the process: every restart begins with new authorities.
import { generateKey, type KeyType } from '@credence/sdk/keys';
import type { KeyManager, ManagedKey } from './key-manager.js';

/** A key manager that keeps nothing on disk. */
export class MemoryKeyManager implements KeyManager {
  readonly #keys = new Map<string, ManagedKey>();

  async generate(id: string, type: KeyType): Promise<ManagedKey> {
    const key = { id, privateKey: await generateKey(type) };
    this.#keys.set(id, key);
    return key;
  }

  get(id: string): ManagedKey | undefined {
    return this.#keys.get(id);
  }

  list(): readonly ManagedKey[] {
    return [...this.#keys.values()];
  }
}
