import { publicKeyInfoOf, subjectKeyId } from '@credence/sdk/keys';
import type { KeyManager } from '../keys/key-manager.js';

/** The subject key IDs of all keys, in lower-case hex: by these a server knows its journal. */
export function subjectKeyIdsOf(keys: KeyManager): ReadonlySet<string> {
  return new Set(keys.list().map(({ privateKey }) => subjectKeyId(publicKeyInfoOf(privateKey)).toString('hex')));
}
