// What an upstream authority answers is checked before anything stands on it: that the certificate is ours, that it may
// do what it must and no more, and that X.509-SVIDs below it will verify.
import { X509Bundle, X509BundleSet } from '@credence/sdk/bundle';
import type { TrustDomain } from '@credence/sdk/spiffeid';
import { verifyX509Svid } from '@credence/sdk/svid';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { verifyCertificate } from '@credence/sdk/svid';
import type { Certificate } from '@credence/sdk/x509';
import { serverError } from '../../domain/errors.js';
import type { X509SigningAuthority } from '../x509-authority.js';
import { X509Issuer, type X509IssuerOptions } from '../x509-issuer.js';
import type { CertifiedAuthority } from './upstream-authority.js';

export interface Expectations {
  readonly trustDomain: TrustDomain;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
  readonly now: Date;
}

const usages: ReadonlySet<string> = new Set(['keyCertSign', 'cRLSign', 'digitalSignature']);

/**
 * The certificate, what stands between it and its root, and that root; what else came along is left out.
 *
 * @throws `ERR_UPSTREAM`
 */
export function checkCertified(
  { certificate, chain, roots }: CertifiedAuthority,
  expected: Expectations,
): readonly Certificate[] {
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
  const path = verified(() => verifyCertificate(certificate, { intermediates: chain, authorities: roots, now }));
  checkPathLengths(path);
  return path;
}

function verified<T>(verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    throw unusable(`it does not verify: ${(cause as Error).message}`, cause);
  }
}

/**
 * That an X.509-SVID of the authority verifies: it is made, and shown to nobody. Constraints of purpose, name and length
 * say themselves only there.
 *
 * @throws `ERR_UPSTREAM`
 */
export async function checkIssuing(
  authority: X509SigningAuthority,
  root: Certificate,
  { clock, random, trustDomain }: Pick<X509IssuerOptions, 'clock' | 'random' | 'trustDomain'>,
): Promise<void> {
  const issuer = new X509Issuer({
    clock,
    random,
    trustDomain,
    defaultTtlSeconds: 60,
    caTtlMs: 0,
    authority: () => authority,
  });
  const bundles = X509BundleSet.of(X509Bundle.fromCertificates(trustDomain, [root]));
  const publicKeyInfo = publicKeyInfoOf(await generateKey('ec-p256'));
  verified(() => {
    const { chain } = issuer.issueServerSvid(trustDomain, publicKeyInfo);
    return verifyX509Svid(chain, bundles, { now: clock.now() });
  });
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
