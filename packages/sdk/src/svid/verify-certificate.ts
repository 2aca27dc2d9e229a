// Verification of certificates that are no leaves of SPIFFE's, such as those of a corporate PKI.
import type { Certificate } from '../x509/index.js';
import { checkCriticalExtensions, checkValidity } from './certificate-rules.js';
import { findPath, type PathInput } from './certification-path.js';

/**
 * The path from a certificate to an authority (RFC 5280 §6.1): the certificate, intermediates, the authority. With the
 * profile `pkix` by RFC 5280 alone, for any purpose. Who the certificate names is for the caller to judge.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY` with `details.reason`, a VerifyReason.
 */
export function verifyCertificate(certificate: Certificate, input: PathInput): readonly Certificate[] {
  checkCriticalExtensions(certificate, 'certificate');
  checkValidity(certificate, input.now, 'certificate');
  return findPath(certificate, input);
}
