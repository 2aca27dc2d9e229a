// Reads back what is about to be signed (RFC 5280 §4.1.2): every field in its place and none besides. The extensions stay
// bytes, because the profiles fix them to the byte; so an inspection costs a fraction of a signature.
import { DerReader, Tag } from '@credence/sdk/x509';
import { breach } from './breach.js';

export interface TbsCertificate {
  /** The content of the INTEGER: two's complement, minimal. */
  readonly serialNumber: Buffer;
  /** AlgorithmIdentifier, DER. */
  readonly signatureAlgorithm: Buffer;
  /** X.501 Name, DER. */
  readonly issuer: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** X.501 Name, DER. */
  readonly subject: Buffer;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
  /** The extensions, DER, one after the other. */
  readonly extensions: Buffer;
}

/** @throws `ERR_SPIFFE_ENCODING`, `ERR_PROFILE` */
export function readTbsCertificate(der: Buffer): TbsCertificate {
  const outer = DerReader.over(der);
  const tbs = outer.enter(Tag.sequence, 'certificate');
  outer.end('certificate');
  checkVersion(tbs);
  const serialNumber = tbs.integer('serialNumber');
  const signatureAlgorithm = tbs.expect(Tag.sequence, 'signature').raw;
  const issuer = tbs.expect(Tag.sequence, 'issuer').raw;
  const validity = tbs.enter(Tag.sequence, 'validity');
  const notBefore = readTime(validity, 'notBefore');
  const notAfter = readTime(validity, 'notAfter');
  validity.end('validity');
  const subject = tbs.expect(Tag.sequence, 'subject').raw;
  const publicKeyInfo = tbs.expect(Tag.sequence, 'subjectPublicKeyInfo').raw;
  const explicit = tbs.enter(Tag.contextConstructed(3), 'extensions');
  tbs.end('certificate');
  const extensions = explicit.expect(Tag.sequence, 'extensions').content;
  explicit.end('extensions');
  return { serialNumber, signatureAlgorithm, issuer, notBefore, notAfter, subject, publicKeyInfo, extensions };
}

// RFC 5280 §4.1.2.1: extensions need version 3.
function checkVersion(tbs: DerReader): void {
  const version = tbs.enter(Tag.contextConstructed(0), 'version');
  if (version.smallInteger('version') !== 2) throw breach('version is not 3 (RFC 5280 §4.1.2.1)');
  version.end('version');
}

// RFC 5280 §4.1.2.5: UTCTime through 2049 as YYMMDDhhmmssZ, GeneralizedTime from 2050 as YYYYMMDDhhmmssZ.
function readTime(validity: DerReader, field: string): Date {
  const { tag, content } = validity.element(field);
  const text = content.toString('latin1');
  const isUtcTime = tag === Tag.utcTime && /^\d{12}Z$/.test(text);
  const isGeneralizedTime = tag === Tag.generalizedTime && /^\d{14}Z$/.test(text);
  if (!isUtcTime && !isGeneralizedTime) throw breach(`${field} is not a time (RFC 5280 §4.1.2.5)`);
  const digits = isGeneralizedTime ? text : text < '50' ? `20${text}` : `19${text}`;
  const part = (start: number, end: number): number => Number(digits.slice(start, end));
  return new Date(Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(8, 10), part(10, 12), part(12, 14)));
}
