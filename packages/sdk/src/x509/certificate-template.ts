// What a certificate will say (RFC 5280 §4.1.2), and signing it. Encoding and signing are two steps, so that what is to
// be signed can be inspected in between. Synchronous, and one buffer a step: the server signs thousands a second.
import type { KeyObject } from 'node:crypto';
import { DerWriter, Tag } from '../der/index.js';
import { writeExtensions, type Extension } from './extension.js';
import { signatureAlgorithmOf, signBytes } from './signature-algorithm.js';

export interface CertificateTemplate {
  /** A positive integer of at most 20 bytes (RFC 5280 §4.1.2.2), big-endian, without a sign. */
  readonly serialNumber: Uint8Array;
  /** X.501 Name, DER. */
  readonly issuer: Uint8Array;
  /** X.501 Name, DER. */
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  /** In the order in which they will be written; at least one. */
  readonly extensions: readonly Extension[];
}

const version3 = Buffer.from([0xa0, 0x03, 0x02, 0x01, 0x02]);

/**
 * A signed certificate, DER. The algorithm follows from the key: ECDSA with SHA-256 (P-256), SHA-384 (P-384), SHA-512
 * (P-521); RSA with SHA-256; Ed25519.
 */
export function signCertificate(template: CertificateTemplate, key: KeyObject): Buffer {
  return signTbsCertificate(encodeTbsCertificate(template, key), key);
}

/** The TBSCertificate that `signCertificate` would sign with this key, DER. */
export function encodeTbsCertificate(template: CertificateTemplate, key: KeyObject): Buffer {
  checkSerialNumber(template.serialNumber);
  const writer = new DerWriter();
  const extensions = writer.length;
  writeExtensions(writer, template.extensions);
  writer.header(Tag.contextConstructed(3), extensions);
  writer.raw(template.publicKeyInfo);
  writer.raw(template.subject);
  const validity = writer.length;
  writer.time(template.notAfter);
  writer.time(template.notBefore);
  writer.header(Tag.sequence, validity);
  writer.raw(template.issuer);
  writer.raw(signatureAlgorithmOf(key).der);
  writer.unsignedInteger(template.serialNumber);
  writer.raw(version3);
  writer.header(Tag.sequence, 0);
  return writer.finish();
}

/** Signs what `encodeTbsCertificate` made with the same key. */
export function signTbsCertificate(tbsCertificate: Uint8Array, key: KeyObject): Buffer {
  return encodeSigned(tbsCertificate, signatureAlgorithmOf(key).der, signBytes(tbsCertificate, key));
}

/** SEQUENCE { toBeSigned, algorithm, signature }: the outer form of certificates and requests. */
export function encodeSigned(toBeSigned: Uint8Array, algorithm: Uint8Array, signature: Uint8Array): Buffer {
  const writer = new DerWriter(toBeSigned.length + signature.length + 64);
  writer.bitString(signature);
  writer.raw(algorithm);
  writer.raw(toBeSigned);
  writer.header(Tag.sequence, 0);
  return writer.finish();
}

function checkSerialNumber(serialNumber: Uint8Array): void {
  if (serialNumber.length > 20 || serialNumber.every((octet) => octet === 0)) {
    throw new TypeError('serialNumber must be a positive integer of 1 to 20 bytes (RFC 5280 §4.1.2.2)');
  }
}
