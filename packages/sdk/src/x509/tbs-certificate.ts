// The fields of a TBSCertificate (RFC 5280 §4.1.2) of version 3, read strictly.
import { DerReader, readTime, Tag } from '../der/index.js';
import { checkPublicKeyInfo } from '../keys/index.js';
import { sdkError } from '../runtime/index.js';
import { readExtensions, type Extension } from './extension.js';
import { readName } from './name.js';

export interface TbsCertificate {
  readonly serialNumber: bigint;
  /** AlgorithmIdentifier, DER. */
  readonly signatureAlgorithm: Buffer;
  /** X.501 Name, DER. */
  readonly issuer: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** X.501 Name, DER. */
  readonly subject: Buffer;
  /** SubjectPublicKeyInfo, DER; of an accepted kind and size. */
  readonly publicKeyInfo: Buffer;
  readonly extensions: ReadonlyMap<string, Extension>;
}

/**
 * Reads a TBSCertificate in DER; the values refer to its bytes.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`, `ERR_SPIFFE_CERTIFICATE`, `ERR_SPIFFE_KEY`
 */
export function readTbsCertificate(der: Buffer): TbsCertificate {
  const outer = DerReader.over(der);
  const tbs = outer.enter(Tag.sequence, 'certificate');
  outer.end('certificate');
  checkVersion(tbs);
  const serialNumber = readSerialNumber(tbs.integer('serial number'));
  const signatureAlgorithm = tbs.expect(Tag.sequence, 'signature algorithm').raw;
  const issuer = readName(tbs, 'issuer');
  const validity = tbs.enter(Tag.sequence, 'validity');
  const notBefore = readTime(validity, 'notBefore');
  const notAfter = readTime(validity, 'notAfter');
  validity.end('validity');
  const subject = readName(tbs, 'subject');
  const publicKeyInfo = tbs.expect(Tag.sequence, 'public key').raw;
  checkPublicKeyInfo(publicKeyInfo);
  skipUniqueIds(tbs);
  const extensions = readExtensionList(tbs);
  tbs.end('certificate');
  return { serialNumber, signatureAlgorithm, issuer, notBefore, notAfter, subject, publicKeyInfo, extensions };
}

// Versions 1 and 2 have no extensions, so nothing could say what such a certificate may do.
function checkVersion(tbs: DerReader): void {
  const version = tbs.isNext(Tag.contextConstructed(0)) ? readVersion(tbs) : 0;
  if (version !== 2) throw refused(`certificate has X.509 version ${version + 1}, expected 3 (RFC 5280 §4.1.2.1)`);
}

function readVersion(tbs: DerReader): number {
  const explicit = tbs.enter(Tag.contextConstructed(0), 'version');
  const version = explicit.smallInteger('version');
  explicit.end('version');
  return version;
}

// RFC 5280 §4.1.2.2: at most 20 octets, not negative; zero is handled gracefully.
function readSerialNumber(content: Buffer): bigint {
  const isNegative = (content[0] ?? 0) >= 0x80;
  const octets = content[0] === 0 ? content.length - 1 : content.length;
  if (isNegative || octets > 20) throw refused('serial number is not an integer from 0 to 2^160 - 1');
  return BigInt(`0x${content.toString('hex')}`);
}

function skipUniqueIds(tbs: DerReader): void {
  for (const number of [1, 2]) if (tbs.isNext(Tag.context(number))) tbs.element('unique identifier');
}

function readExtensionList(tbs: DerReader): ReadonlyMap<string, Extension> {
  if (tbs.isAtEnd) return new Map();
  const explicit = tbs.enter(Tag.contextConstructed(3), 'extensions');
  const list = explicit.enter(Tag.sequence, 'extensions');
  explicit.end('extensions');
  return readExtensions(list);
}

function refused(message: string): Error {
  return sdkError('ERR_SPIFFE_CERTIFICATE', message);
}
