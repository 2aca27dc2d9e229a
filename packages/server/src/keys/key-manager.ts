// The signing keys of the server: each lives under a key ID such as `x509-CA-A`, and only the server holds them.
import type { KeyObject } from 'node:crypto';
import type { KeyType } from '@credence/sdk/keys';

/** A key and the ID under which it is kept. */
export interface ManagedKey {
  readonly id: string;
  readonly privateKey: KeyObject;
}

/** Keeps the server's signing keys. */
export interface KeyManager {
  /**
   * Makes a key under `id`, replacing the one that was there. When it resolves the key is kept as durably as this
   * manager keeps keys.
   *
   * @throws `ERR_KEYS`: the key could not be kept; the one that was there still is.
   */
  generate(id: string, type: KeyType): Promise<ManagedKey>;
  get(id: string): ManagedKey | undefined;
  list(): readonly ManagedKey[];
}
