// Certificates that our own writer refuses to make: a TBSCertificate taken apart, changed and signed again.
import { sign, type KeyObject } from 'node:crypto';
import {
  DerReader,
  DerWriter,
  encodeOid,
  encodeTbsCertificate,
  Oid,
  signatureAlgorithmOf,
  Tag,
  type CertificateTemplate,
  type Extension,
} from '@credence/sdk/x509';

const fieldNames = [
  'version',
  'serialNumber',
  'signature',
  'issuer',
  'validity',
  'subject',
  'publicKeyInfo',
  'extensions',
] as const;

export interface OddFields extends Partial<Record<(typeof fieldNames)[number], Buffer>> {
  /** AlgorithmIdentifier outside of what is signed. */
  readonly signatureAlgorithm?: Buffer;
  /** What node:crypto signs with; default: as the key signs. */
  readonly hash?: string;
}

/** The certificate of the template with these DER fields in place of its own; an empty one is left out. */
export function oddCertificate(template: CertificateTemplate, key: KeyObject, odd: OddFields): Buffer {
  const algorithm = signatureAlgorithmOf(key);
  const reader = DerReader.over(encodeTbsCertificate(template, key)).enter(Tag.sequence, 'certificate');
  const fields = fieldNames.map((name) => {
    const { raw } = reader.element(name);
    return odd[name] ?? raw;
  });
  const tbs = der(Tag.sequence, ...fields);
  const signature = sign(odd.hash ?? algorithm.hash, tbs, key);
  const outer = odd.signatureAlgorithm ?? odd.signature ?? algorithm.der;
  return der(Tag.sequence, tbs, outer, der(Tag.bitString, Buffer.of(0), signature));
}

/** Tag, length, contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const writer = new DerWriter();
  for (const content of contents.toReversed()) writer.raw(content);
  writer.header(tag, 0);
  return writer.finish();
}

/** AlgorithmIdentifier without parameters, or with NULL. */
export function algorithmIdentifier(oid: string, parameters: 'absent' | 'null'): Buffer {
  const tail = parameters === 'null' ? [der(Tag.null)] : [];
  return der(Tag.sequence, der(Tag.objectIdentifier, encodeOid(oid)), ...tail);
}

/** A SubjectAltName of raw general names: tag number (6 URI, 2 DNS, 1 email …) and content. */
export function rawSan(...names: readonly (readonly [tag: number, content: string | Buffer])[]): Extension {
  const encoded = names.map(([tag, content]) => der(Tag.context(tag), Buffer.from(content)));
  return { oid: Oid.subjectAltName, critical: false, value: der(Tag.sequence, ...encoded) };
}

/** An extension with exactly this value. */
export function rawExtension(oid: string, critical: boolean, hex: string): Extension {
  return { oid, critical, value: Buffer.from(hex, 'hex') };
}
