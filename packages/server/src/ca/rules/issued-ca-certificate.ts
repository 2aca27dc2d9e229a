// The profile of an X.509 authority that another one certifies (X509-SVID §§3.2, 4), checked on the very bytes that are
// about to be signed.
import { subjectKeyId } from '@credence/sdk/keys';
import { breach } from './breach.js';
import { checkAuthorityNames } from './ca-certificate.js';
import {
  checkExtensions,
  checkIssuer,
  checkLifetime,
  checkSerialNumber,
  checkSignatureAlgorithm,
  checkSubject,
  inspecting,
} from './common-rules.js';
import { authorityKeyIdentifier, caBasicConstraints, caKeyUsage, subjectKeyIdentifier } from './expected-extensions.js';
import type { InspectedTbs } from './inspected.js';
import { readTbsCertificate } from './tbs-certificate.js';
import type { X509SvidLimits } from './x509-svid.js';

/**
 * Inspects a TBSCertificate, DER.
 *
 * @param limits what the issuing authority may sign
 * @throws `ERR_PROFILE`
 */
export function inspectIssuedCaCertificate(tbs: Buffer, limits: X509SvidLimits, now: Date): InspectedTbs {
  return inspecting(() => {
    const certificate = readTbsCertificate(tbs);
    checkSerialNumber(certificate);
    checkSignatureAlgorithm(certificate, limits.signatureAlgorithm);
    checkIssuer(certificate, limits.issuer);
    checkLifetime(certificate, now, limits.latest);
    checkSubject(certificate);
    // Else the issuer would have a second certificate that it did not ask for.
    if (certificate.publicKeyInfo.equals(limits.authorityKey)) throw breach("the key is the issuer's own");
    if (certificate.subject.equals(limits.issuer)) throw breach("the subject is the issuer's own (RFC 5280 §4.2.1.9)");
    const expected = [
      caKeyUsage,
      caBasicConstraints,
      subjectKeyIdentifier(subjectKeyId(certificate.publicKeyInfo)),
      authorityKeyIdentifier(limits.authorityKeyId),
    ];
    checkAuthorityNames(checkExtensions(certificate, expected), limits.trustDomain);
    return tbs as InspectedTbs;
  });
}
