// What an upstream authority answers is checked before anything stands on it: that the certificate is ours, that it may
// do what it must and no more, and that X.509-SVIDs below it will verify.
import type { TrustDomain } from '@credence/sdk';
import { verifyCertificate } from '@credence/sdk/svid';
import type { Certificate } from '@credence/sdk/x509';
import { serverError } from '../../domain/errors.js';
import type { CertifiedAuthority } from './upstream-authority.js';

export interface Expectations {
  readonly trustDomain: TrustDomain;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
  readonly now: Date;
}

const usages: ReadonlySet<string> = new Set(['keyCertSign', 'cRLSign', 'digitalSignature']);

/** @throws `ERR_UPSTREAM` */
export function checkCertified({ certificate, chain, roots }: CertifiedAuthority, expected: Expectations): void {
  const { trustDomain, publicKeyInfo, now } = expected;
  if (!certificate.publicKeyInfo.equals(publicKeyInfo)) throw unusable('it is for another key');
  checkKeyUsage(certificate);
  // X509-SVID §3.2: the SPIFFE ID of a signing certificate is that of its trust domain.
  const id = trustDomain.id.toString();
  if (certificate.uriSans.length > 1 || certificate.uriSans.some((uri) => uri !== id)) {
    throw unusable(`its URI SANs are not ${id} alone (X509-SVID §3.2)`);
  }
  if (certificate.subjectKeyId === undefined || certificate.authorityKeyId === undefined) {
    throw unusable('it lacks the key identifiers (RFC 5280 §§4.2.1.1, 4.2.1.2)');
  }
  checkPathLengths(verified(() => verifyCertificate(certificate, { intermediates: chain, authorities: roots, now })));
}

function verified(verify: () => readonly Certificate[]): readonly Certificate[] {
  try {
    return verify();
  } catch (cause) {
    throw unusable(`it does not verify: ${(cause as Error).message}`, cause);
  }
}

// RFC 5280 §4.2.1.9: there will be leaves below our authority, which is an intermediate then.
function checkPathLengths(path: readonly Certificate[]): void {
  for (const [below, { basicConstraints }] of path.entries()) {
    if ((basicConstraints?.pathLength ?? below) < below) {
      throw unusable('it does not verify: a certificate above it allows too few below it (RFC 5280 §4.2.1.9)');
    }
  }
}

function checkKeyUsage({ isCa, keyUsage }: Certificate): void {
  if (!isCa || keyUsage?.has('keyCertSign') !== true) throw unusable('it may not sign (X509-SVID §3.2)');
  if ([...keyUsage].some((usage) => !usages.has(usage))) throw unusable('it may do more than sign (X509-SVID §4.3)');
}

function unusable(problem: string, cause?: unknown): Error {
  return serverError('ERR_UPSTREAM', `the certificate from the upstream authority cannot be used: ${problem}`, {
    cause,
  });
}
