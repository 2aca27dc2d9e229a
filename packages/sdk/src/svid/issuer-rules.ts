// The rules for the certificates above the leaf (RFC 5280 §6.1.4, X509-SVID §§3.2–4.3). They hold for authorities from a
// bundle as for intermediates: an expired authority is refused, as TLS libraries do.
import { nameConstraintProblem, type Certificate } from '../x509/index.js';
import { checkCriticalExtensions, checkExtendedKeyUsage, checkValidity } from './certificate-rules.js';
import { refused } from './refusal.js';

const what = 'signing certificate';

/** Whose rules a path keeps: those of X509-SVID, or those of RFC 5280 alone, for any purpose. */
export type PathProfile = 'x509-svid' | 'pkix';

/** What a signing certificate says by itself. */
export function checkIssuer(issuer: Certificate, now: Date, profile: PathProfile): void {
  checkMaySign(issuer, profile);
  if (profile === 'x509-svid') checkExtendedKeyUsage(issuer, what);
  checkCriticalExtensions(issuer, what);
  checkValidity(issuer, now, what);
}

/** X509-SVID §3.2: a signing certificate has cA and keyCertSign, both. */
export function checkMaySign(issuer: Certificate, profile: PathProfile = 'x509-svid'): void {
  // RFC 5280 §6.1.4 (k)
  if (!issuer.isCa) throw refused('issuer-not-ca', 'a certificate is signed by one that is no CA (RFC 5280 §4.2.1.9)');
  if (profile === 'pkix' && issuer.keyUsage === undefined) return;
  // RFC 5280 §6.1.4 (n); X509-SVID §4.3 makes key usage mandatory.
  if (issuer.keyUsage?.has('keyCertSign') !== true) {
    throw refused('issuer-not-ca', `${what} lacks the key usage keyCertSign (X509-SVID §4.3)`);
  }
}

/** No SHA-1 or MD5, nothing unknown. */
export function checkSignatureAlgorithm(certificate: Certificate): void {
  if (certificate.signatureAlgorithm !== undefined) return;
  throw refused(
    'signature-algorithm',
    'a certificate is signed by an algorithm other than ECDSA or RSA PKCS#1 v1.5 with SHA-2, or Ed25519',
  );
}

/** RFC 5280 §4.2.1.9, §6.1.4 (l), (m), of a path that starts at the leaf. Self-issued certificates do not count. */
export function checkPathLengths(path: readonly Certificate[]): void {
  let below = 0;
  for (const issuer of path.slice(1)) {
    const most = issuer.basicConstraints?.pathLength;
    if (most !== undefined && below > most) {
      throw refused('path-length', `${what} allows ${most} intermediates below it, the chain has ${below}`);
    }
    if (!isSelfIssued(issuer)) below++;
  }
}

/** RFC 5280 §4.2.1.10, §6.1.3 (b), (c), X509-SVID §4.2, of a path that starts at the leaf. */
export function checkNameConstraints(path: readonly Certificate[]): void {
  for (const [height, issuer] of path.entries()) {
    if (issuer.nameConstraints === undefined) continue;
    for (const [index, certificate] of path.slice(0, height).entries()) {
      if (index > 0 && isSelfIssued(certificate)) continue;
      const names = { ...certificate.subjectAltNames, hasSubject: !isEmptyName(certificate.subject) };
      const problem = nameConstraintProblem(issuer.nameConstraints, names);
      if (problem !== undefined) throw refused('name-constraints', `a certificate ${problem} by the one above it`);
    }
  }
}

function isSelfIssued(certificate: Certificate): boolean {
  return certificate.issuer.equals(certificate.subject);
}

function isEmptyName(name: Buffer): boolean {
  return name.length === 2;
}
