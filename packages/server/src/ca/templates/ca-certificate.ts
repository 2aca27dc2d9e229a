// What a self-signed X.509 authority contains (X509-SVID §§3.2, 4, appendix A): a signing certificate that is itself an
// SVID, whose SPIFFE ID is that of the trust domain.
import type { TrustDomain } from '@credence/sdk';
import { subjectKeyId } from '@credence/sdk/keys';
import {
  basicConstraintsExtension,
  encodeName,
  keyUsageExtension,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  type CertificateTemplate,
  type DistinguishedName,
} from '@credence/sdk/x509';
import { decimalSerialNumber } from './serial-number.js';
import type { Validity } from './validity.js';

/** The subject of an authority; its serial number is added. */
export type CaSubject = Pick<DistinguishedName, 'country' | 'organization' | 'commonName'>;

export const defaultCaSubject: CaSubject = { country: ['US'], organization: ['SPIFFE'] };

export interface CaCertificateContent {
  readonly trustDomain: TrustDomain;
  readonly serialNumber: Buffer;
  readonly validity: Validity;
  readonly subject: CaSubject;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
}

export function caCertificateTemplate(content: CaCertificateContent): CertificateTemplate {
  const { serialNumber, publicKeyInfo } = content;
  // Two authorities never share a name: a verifier that looks for the issuer by name finds one.
  const name = encodeName({ ...content.subject, serialNumber: decimalSerialNumber(serialNumber) });
  return {
    serialNumber,
    issuer: name,
    subject: name,
    ...content.validity,
    publicKeyInfo,
    extensions: [
      keyUsageExtension(['keyCertSign', 'cRLSign']),
      basicConstraintsExtension({ ca: true }),
      subjectKeyIdExtension(subjectKeyId(publicKeyInfo)),
      subjectAltNameExtension({ uris: [content.trustDomain.id.toString()] }),
    ],
  };
}
