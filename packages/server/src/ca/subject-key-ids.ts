// Subject key IDs (RFC 5280 §4.2.1.2) in lower-case hex, as the APIs write them.
import { publicKeyInfoOf, subjectKeyId } from '@credence/sdk/keys';
import { Certificate } from '@credence/sdk/x509';
import type { X509Authority } from '../domain/trust-bundle.js';
import type { KeyManager } from '../keys/key-manager.js';

/** Those of all keys: by these a server knows its journal. */
export function subjectKeyIdsOf(keys: KeyManager): ReadonlySet<string> {
  return new Set(keys.list().map(({ privateKey }) => subjectKeyId(publicKeyInfoOf(privateKey)).toString('hex')));
}

/** That of an authority's certificate; undefined: it has none. */
export function subjectKeyIdOf({ certificate }: X509Authority): string | undefined {
  return Certificate.parse(certificate).subjectKeyId?.toString('hex');
}

export function hasSubjectKeyId(id: string): (authority: X509Authority) => boolean {
  return (authority) => subjectKeyIdOf(authority) === id;
}
