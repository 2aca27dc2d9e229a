// The key manager that the settings ask for.
import { DiskKeyManager } from './disk-key-manager.js';
import type { KeyManager } from './key-manager.js';
import { MemoryKeyManager } from './memory-key-manager.js';

export type KeyManagerChoice = { readonly kind: 'disk'; readonly path: string } | { readonly kind: 'memory' };

/** @throws `ERR_KEYS` */
export async function openKeyManager(choice: KeyManagerChoice): Promise<KeyManager> {
  switch (choice.kind) {
    case 'disk':
      return DiskKeyManager.open(choice.path);
    case 'memory':
      return new MemoryKeyManager();
  }
}
