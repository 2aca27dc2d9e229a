// The form of `keys.json`: `{"keys":{"<key id>":"<base64 of PKCS#8 DER>"}}`. Whatever else it holds, it is refused.
import type { KeyObject } from 'node:crypto';
import { exportPrivateKey, parsePrivateKey } from '@credence/sdk/keys';
import { serverError } from '../domain/errors.js';
import type { ManagedKey } from './key-manager.js';

/** The text of a key file. */
export function encodeKeyFile(keys: Iterable<ManagedKey>): string {
  const encoded = [...keys].map(({ id, privateKey }) => [id, exportPrivateKey(privateKey).toString('base64')] as const);
  return `${JSON.stringify({ keys: Object.fromEntries(encoded) }, undefined, 2)}\n`;
}

/**
 * The keys of a key file; `path` is for the message only.
 *
 * @throws `ERR_KEYS`; the message never holds what the file holds.
 */
export function decodeKeyFile(text: string, path: string): ManagedKey[] {
  return Object.entries(parseKeyTable(text, path)).map(([id, encoded]) => ({
    id,
    privateKey: decodeKey(id, encoded, path),
  }));
}

function parseKeyTable(text: string, path: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(path, 'is not JSON'); // the parser's own message quotes the text
  }
  if (!isTable(value) || !('keys' in value) || !isTable(value.keys) || Object.keys(value).length !== 1) {
    throw damaged(path, 'is not an object with the one member "keys"');
  }
  return value.keys;
}

function isTable(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function decodeKey(id: string, encoded: unknown, path: string): KeyObject {
  if (typeof encoded !== 'string') throw damaged(path, `does not hold base64 under key ID "${id}"`);
  const der = Buffer.from(encoded, 'base64');
  if (der.toString('base64') !== encoded) throw damaged(path, `does not hold base64 under key ID "${id}"`);
  try {
    return parsePrivateKey(der);
  } catch (cause) {
    throw damaged(path, `does not hold a PKCS#8 private key under key ID "${id}"`, cause);
  }
}

function damaged(path: string, problem: string, cause?: unknown): Error {
  return serverError(
    'ERR_KEYS',
    `key file ${path} ${problem}: restore it from a backup, or move it away to start with new authorities`,
    { details: { path }, cause },
  );
}
