// Private keys: making them, and PKCS#8 (RFC 5208) in DER, the one form in which they travel.
import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { DerReader, Tag } from '../der/index.js';
import { sdkError } from '../runtime/index.js';
import { checkPublicKeyInfo, importPublicKey, publicKeyInfoOf } from './public-key-info.js';

/** The kinds of keys that are made. */
export type KeyType = 'ec-p256' | 'ec-p384' | 'rsa-2048' | 'rsa-4096';

const generate = promisify(generateKeyPair);
const longestKey = 16 * 1024;

/** Makes a private key, off the event loop. */
export async function generateKey(type: KeyType): Promise<KeyObject> {
  return (await generatePair(type)).privateKey;
}

/**
 * Reads an unencrypted PKCS#8 key in DER. PEM, SEC 1, PKCS#1 and encrypted keys are refused, and so are keys that
 * `checkPublicKeyInfo` refuses.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`, `ERR_SPIFFE_KEY`; neither carries any of the key's bytes.
 */
export function parsePrivateKey(pkcs8: Uint8Array): KeyObject {
  checkPkcs8(pkcs8);
  // On Node 20 an error that another call left with OpenSSL fails an import, which clears it: the second one tells.
  const key = decodePkcs8(pkcs8) ?? decodePkcs8(pkcs8);
  if (key === undefined) throw sdkError('ERR_SPIFFE_KEY', 'private key is not a valid key of its algorithm');
  checkPublicKeyInfo(publicKeyInfoOf(key));
  return key;
}

/**
 * Reads the one private key of a PEM file: PKCS#8, SEC 1 or PKCS#1, unencrypted. For the files of other people's PKI;
 * everything of SPIFFE's is PKCS#8.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`, `ERR_SPIFFE_KEY`; neither carries any of the key's bytes.
 */
export function parsePrivateKeyFile(pem: string): KeyObject {
  const labels = [...pem.matchAll(/^-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----[ \t]*\r?$/gm)].map(([, label]) => label);
  if (labels.length !== 1) throw notPem(`it holds ${labels.length} private keys, expected one`);
  if (labels[0] === 'ENCRYPTED PRIVATE KEY' || pem.includes('Proc-Type:')) throw notPem('it is encrypted');
  const key = decodePem(pem) ?? decodePem(pem); // twice: as in parsePrivateKey
  if (key === undefined) throw sdkError('ERR_SPIFFE_KEY', 'private key file holds no valid key of its algorithm');
  checkPublicKeyInfo(publicKeyInfoOf(key));
  return key;
}

/** PKCS#8 in DER, unencrypted. */
export function exportPrivateKey(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' });
}

/**
 * Whether the public key is the one of this private key.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`, `ERR_SPIFFE_KEY`: the public key is not acceptable.
 */
export function isKeyPair(publicKeyInfo: Uint8Array, privateKey: KeyObject): boolean {
  checkPublicKeyInfo(publicKeyInfo);
  const own = publicKeyInfoOf(privateKey);
  // Not KeyObject.equals: for keys of different types it leaves an error with OpenSSL that fails the next import.
  return own.equals(publicKeyInfo) || own.equals(publicKeyInfoOf(importPublicKey(publicKeyInfo)));
}

function generatePair(type: KeyType): Promise<{ privateKey: KeyObject }> {
  switch (type) {
    case 'ec-p256':
      return generate('ec', { namedCurve: 'P-256' });
    case 'ec-p384':
      return generate('ec', { namedCurve: 'P-384' });
    case 'rsa-2048':
      return generate('rsa', { modulusLength: 2048 });
    case 'rsa-4096':
      return generate('rsa', { modulusLength: 4096 });
  }
}

// OpenSSL takes several encodings for one another; only the shape of PKCS#8 gets through to it.
function checkPkcs8(pkcs8: Uint8Array): void {
  if (pkcs8.length > longestKey) throw notPkcs8(`it is longer than ${longestKey} bytes`);
  if (pkcs8[0] === 0x2d) throw notPkcs8('it is PEM');
  const outer = DerReader.over(pkcs8);
  const info = outer.enter(Tag.sequence, 'PKCS#8 private key');
  outer.end('PKCS#8 private key');
  if (!info.isNext(Tag.integer)) throw notPkcs8('it is encrypted or of another kind');
  const version = info.smallInteger('PKCS#8 version');
  if (version > 1 || !info.isNext(Tag.sequence)) throw notPkcs8('it looks like SEC 1 or PKCS#1');
  info.element('PKCS#8 algorithm');
  info.expect(Tag.octetString, 'PKCS#8 key');
}

// What OpenSSL has to say about a bad key is dropped: a cause must not carry key bytes.
function decodePkcs8(pkcs8: Uint8Array): KeyObject | undefined {
  try {
    return createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  } catch {
    return undefined;
  }
}

function decodePem(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}

function notPem(problem: string): Error {
  return sdkError('ERR_SPIFFE_ENCODING', `private key file must be unencrypted PEM: ${problem}`);
}

function notPkcs8(problem: string): Error {
  return sdkError('ERR_SPIFFE_ENCODING', `private key must be unencrypted PKCS#8 in DER: ${problem}`);
}
