// Verification of certificates that are not SVIDs, such as those of a corporate PKI: by RFC 5280 alone.
import type { Certificate } from '../x509/index.js';
import { checkCriticalExtensions, checkValidity } from './certificate-rules.js';
import { findPath, type PathInput } from './certification-path.js';

/**
 * The path from a certificate to an authority (RFC 5280 §6.1), for any purpose: the certificate, intermediates, the
 * authority. Who it names is for the caller to judge.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY` with `details.reason`, a VerifyReason.
 */
export function verifyCertificate(
  certificate: Certificate,
  { intermediates, authorities, now }: Omit<PathInput, 'profile'>,
): readonly Certificate[] {
  checkCriticalExtensions(certificate, 'certificate');
  checkValidity(certificate, now, 'certificate');
  return findPath(certificate, { intermediates, authorities, now, profile: 'pkix' });
}
