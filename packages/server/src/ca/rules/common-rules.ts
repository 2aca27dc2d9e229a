// What holds for every certificate that this server signs.
import { checkPublicKeyInfo } from '@credence/sdk/keys';
import { DerReader, Oid, Tag, readGeneralNames, renderName, type GeneralNames } from '@credence/sdk/x509';
import { breach } from './breach.js';
import type { ExpectedExtension } from './expected-extensions.js';
import type { TbsCertificate } from './tbs-certificate.js';

const largestSerialNumberBytes = 16;
const emptyNameLength = 2;

/** Runs the rules; what does not even parse is a breach too. */
export function inspecting<T>(rules: () => T): T {
  try {
    return rules();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_PROFILE') throw error;
    throw breach(`the certificate does not parse: ${(error as Error).message}`, error);
  }
}

// RFC 5280 §4.1.2.2: positive; ours are below 2^128.
export function checkSerialNumber({ serialNumber }: TbsCertificate): void {
  const [first = 0] = serialNumber;
  const length = first === 0 ? serialNumber.length - 1 : serialNumber.length;
  if (first >= 0x80 || length < 1 || length > largestSerialNumberBytes) {
    throw breach('serialNumber is not from 1 to 2^128 - 1 (RFC 5280 §4.1.2.2)');
  }
}

// RFC 5280 §4.1.2.3: what the signature will be made with.
export function checkSignatureAlgorithm({ signatureAlgorithm }: TbsCertificate, expected: Buffer): void {
  if (!signatureAlgorithm.equals(expected)) throw breach("signature is not the algorithm of the authority's key");
}

// RFC 5280 §4.1.2.4
export function checkIssuer({ issuer }: TbsCertificate, expected: Buffer): void {
  if (!issuer.equals(expected)) throw breach("issuer is not the authority's subject (RFC 5280 §4.1.2.4)");
}

/** `now` lies within the certificate's lifetime, which ends by `latest`. */
export function checkLifetime({ notBefore, notAfter }: TbsCertificate, now: Date, latest: Date): void {
  if (!(notBefore <= now)) throw breach('notBefore lies in the future');
  if (!(notAfter > now)) throw breach('notAfter does not lie in the future');
  if (!(notAfter <= latest)) throw breach(`notAfter is later than ${latest.toISOString()}`);
}

/** The subject parses as a Name, whatever it says, and the key is one that is accepted. */
export function checkSubject({ subject, publicKeyInfo }: TbsCertificate): void {
  renderName(subject);
  checkPublicKeyInfo(publicKeyInfo);
}

/**
 * The extensions are the expected ones, in this order and byte for byte, then a SubjectAltName, and no other.
 *
 * @returns the names.
 */
export function checkExtensions(
  { extensions, subject }: TbsCertificate,
  expected: readonly ExpectedExtension[],
): GeneralNames {
  let rest = extensions;
  for (const { der, rule } of expected) {
    if (!rest.subarray(0, der.length).equals(der)) throw breach(rule);
    rest = rest.subarray(der.length);
  }
  // RFC 5280 §4.2.1.6, X509-SVID §3.1: critical if and only if there is no other name.
  return readSubjectAltName(rest, subject.length === emptyNameLength);
}

function readSubjectAltName(der: Buffer, critical: boolean): GeneralNames {
  const outer = DerReader.over(der);
  const extension = outer.enter(Tag.sequence, 'subjectAltName');
  outer.end('extensions');
  if (extension.objectIdentifier('subjectAltName') !== Oid.subjectAltName) throw breach('subjectAltName is missing');
  const isCritical = extension.isNext(Tag.boolean) && extension.boolean('subjectAltName');
  if (isCritical !== critical) throw breach('subjectAltName is critical if and only if the subject is empty');
  const { content } = extension.expect(Tag.octetString, 'subjectAltName');
  extension.end('subjectAltName');
  return readGeneralNames(content);
}
