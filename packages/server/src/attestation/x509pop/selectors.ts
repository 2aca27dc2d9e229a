// What the certificates of a node say about it, as selectors.
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { Certificate, TrustDomain } from '@credence/sdk';
import { DerReader, Oid, Tag } from '@credence/sdk/x509';
import type { Selector } from '../../domain/selector.js';
import { x509PopType } from './refusal.js';

/** SHA-1 of the certificate, lower-case hex: a name, which proves nothing. */
export function fingerprintOf({ raw }: Certificate): string {
  return createHash('sha1').update(raw).digest('hex');
}

/** @param path the leaf, then what vouches for it */
export function selectorsOf([leaf, ...authorities]: readonly Certificate[], trustDomain: TrustDomain): Selector[] {
  if (leaf === undefined) throw new TypeError('a path has a leaf');
  const commonName = commonNameOf(leaf.subject);
  const values = [
    ...(commonName === undefined ? [] : [`subject:cn:${commonName}`]),
    ...authorities.map((authority) => `ca:fingerprint:${fingerprintOf(authority)}`),
    `serialnumber:${evenHex(leaf.serialNumber)}`,
    ...sanSelectorsOf(leaf, trustDomain).map(({ key, value }) => `san:${key}:${value}`),
  ];
  return values.map((value) => ({ type: x509PopType, value }));
}

/** Lower-case hex of whole bytes. */
export function evenHex(value: bigint): string {
  const digits = value.toString(16);
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

/** `x509pop://<trust domain>/<key>/<value>`: what the PKI says of the node. */
export function sanSelectorsOf(leaf: Certificate, trustDomain: TrustDomain): readonly { key: string; value: string }[] {
  const prefix = `${x509PopType}://${trustDomain.name}/`;
  return leaf.uriSans.flatMap((uri) => {
    if (!uri.startsWith(prefix)) return [];
    const [key = '', ...rest] = uri.slice(prefix.length).split('/');
    const value = rest.join('/');
    return key === '' || value === '' ? [] : [{ key, value }];
  });
}

const textTags: readonly number[] = [Tag.utf8String, Tag.printableString, Tag.ia5String];

/** The last common name of an X.501 Name, DER; undefined without one, or when it is empty or no plain text. */
export function commonNameOf(subject: Buffer): string | undefined {
  let found: string | undefined;
  const name = DerReader.over(subject).enter(Tag.sequence, 'subject');
  while (!name.isAtEnd) {
    const attributes = name.enter(Tag.set, 'subject');
    while (!attributes.isAtEnd) {
      const attribute = attributes.enter(Tag.sequence, 'subject attribute');
      if (attribute.objectIdentifier('subject attribute') !== Oid.commonName) continue;
      const { tag, content } = attribute.element('common name');
      // Octets that are no UTF-8 would all become the same replacement character.
      if (textTags.includes(tag)) found = isUtf8(content) ? content.toString('utf8') : '';
    }
  }
  return found === '' ? undefined : found;
}
