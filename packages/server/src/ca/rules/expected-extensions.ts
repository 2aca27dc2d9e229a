// The extensions that the profiles ask for, DER, written out by hand. The rules take nothing from the encoders that the
// templates use: a slip in either is a breach.
import { breach } from './breach.js';

/** An extension, DER, and what its absence breaks. */
export interface ExpectedExtension {
  readonly der: Buffer;
  readonly rule: string;
}

/** Critical; digitalSignature, keyEncipherment, keyAgreement. */
export const leafKeyUsage: ExpectedExtension = {
  der: octets('300e 0603551d0f 0101ff 0404 030203a8'),
  rule: 'keyUsage is not that of a leaf (X509-SVID §4.3)',
};

export const leafExtendedKeyUsage: ExpectedExtension = {
  der: octets('301d 0603551d25 0416 3014 06082b06010505070301 06082b06010505070302'),
  rule: 'extKeyUsage is not serverAuth and clientAuth (X509-SVID §4.4)',
};

/** Critical. */
export const leafBasicConstraints: ExpectedExtension = {
  der: octets('300c 0603551d13 0101ff 0402 3000'),
  rule: 'basicConstraints is not cA FALSE (X509-SVID §4.1)',
};

/** Critical; keyCertSign, cRLSign. */
export const caKeyUsage: ExpectedExtension = {
  der: octets('300e 0603551d0f 0101ff 0404 03020106'),
  rule: 'keyUsage is not keyCertSign and cRLSign (X509-SVID §4.3)',
};

/** Critical; no path length. */
export const caBasicConstraints: ExpectedExtension = {
  der: octets('300f 0603551d13 0101ff 0405 30030101ff'),
  rule: 'basicConstraints is not cA TRUE (X509-SVID §4.1)',
};

const subjectKeyIdHeader = octets('301d 0603551d0e 0416 0414');
const longestKeyId = 64;

/** `keyId` has 20 bytes. */
export function subjectKeyIdentifier(keyId: Buffer): ExpectedExtension {
  return {
    der: Buffer.concat([subjectKeyIdHeader, keyId]),
    rule: 'subjectKeyIdentifier is not that of the key (RFC 5280 §4.2.1.2)',
  };
}

/** Ours have 20 bytes; a foreign authority above ours may have chosen another length. */
export function authorityKeyIdentifier(keyId: Buffer): ExpectedExtension {
  const { length } = keyId;
  if (length > longestKeyId) throw breach(`the key identifier of the authority is longer than ${longestKeyId} bytes`);
  const header = [0x30, length + 11, 0x06, 0x03, 0x55, 0x1d, 0x23, 0x04, length + 4, 0x30, length + 2, 0x80, length];
  return {
    der: Buffer.concat([Buffer.from(header), keyId]),
    rule: 'authorityKeyIdentifier is not that of the authority (RFC 5280 §4.2.1.1)',
  };
}

function octets(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}
