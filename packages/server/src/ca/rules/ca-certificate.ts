// The profile of a self-signed X.509 authority (X509-SVID §§3.2, 4, appendix A), checked on the very bytes that are about
// to be signed.
import type { TrustDomain } from '@credence/sdk';
import { subjectKeyId } from '@credence/sdk/keys';
import type { GeneralNames } from '@credence/sdk/x509';
import { breach } from './breach.js';
import {
  checkExtensions,
  checkIssuer,
  checkLifetime,
  checkSerialNumber,
  checkSignatureAlgorithm,
  checkSubject,
  inspecting,
} from './common-rules.js';
import { caBasicConstraints, caKeyUsage, subjectKeyIdentifier } from './expected-extensions.js';
import type { InspectedTbs } from './inspected.js';
import { readTbsCertificate } from './tbs-certificate.js';

export interface CaCertificateLimits {
  readonly trustDomain: TrustDomain;
  /** The key that will sign: SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
  /** AlgorithmIdentifier of that key, DER. */
  readonly signatureAlgorithm: Buffer;
  readonly latest: Date;
}

/**
 * Inspects a TBSCertificate, DER.
 *
 * @throws `ERR_PROFILE`
 */
export function inspectCaCertificate(tbs: Buffer, limits: CaCertificateLimits, now: Date): InspectedTbs {
  return inspecting(() => {
    const certificate = readTbsCertificate(tbs);
    checkSerialNumber(certificate);
    checkSignatureAlgorithm(certificate, limits.signatureAlgorithm);
    checkIssuer(certificate, certificate.subject); // self-signed
    checkLifetime(certificate, now, limits.latest);
    checkSubject(certificate);
    if (!certificate.publicKeyInfo.equals(limits.publicKeyInfo)) throw breach('the key is not the one that signs');
    const keyId = subjectKeyIdentifier(subjectKeyId(certificate.publicKeyInfo));
    checkAuthorityNames(checkExtensions(certificate, [caKeyUsage, caBasicConstraints, keyId]), limits.trustDomain);
    return tbs as InspectedTbs;
  });
}

/** X509-SVID §3.2: the trust domain's SPIFFE ID, without a path. @throws `ERR_PROFILE` */
export function checkAuthorityNames({ uris, dnsNames, otherTags }: GeneralNames, trustDomain: TrustDomain): void {
  const id = trustDomain.id.toString();
  if (uris.length !== 1 || uris[0] !== id || dnsNames.length > 0 || otherTags.size > 0) {
    throw breach(`subjectAltName is not ${id} alone (X509-SVID §3.2)`);
  }
}
