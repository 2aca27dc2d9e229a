// What an X.509 authority contains that another one certifies (X509-SVID §§3.2, 4): as a self-signed one, with the key
// identifier of its issuer.
import type { TrustDomain } from '@credence/sdk';
import { subjectKeyId } from '@credence/sdk/keys';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  keyUsageExtension,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  type CertificateTemplate,
} from '@credence/sdk/x509';
import type { Validity } from './validity.js';

/** Whoever certifies. */
export interface CaIssuer {
  /** X.501 Name, DER. */
  readonly name: Buffer;
  readonly keyId: Buffer;
}

export interface IssuedCaCertificateContent {
  readonly trustDomain: TrustDomain;
  readonly serialNumber: Buffer;
  readonly validity: Validity;
  /** X.501 Name, DER. */
  readonly subject: Buffer;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
}

export function issuedCaCertificateTemplate(
  { name, keyId }: CaIssuer,
  { trustDomain, serialNumber, validity, subject, publicKeyInfo }: IssuedCaCertificateContent,
): CertificateTemplate {
  return {
    serialNumber,
    issuer: name,
    subject,
    ...validity,
    publicKeyInfo,
    extensions: [
      keyUsageExtension(['keyCertSign', 'cRLSign']),
      basicConstraintsExtension({ ca: true }),
      subjectKeyIdExtension(subjectKeyId(publicKeyInfo)),
      authorityKeyIdExtension(keyId),
      subjectAltNameExtension({ uris: [trustDomain.id.toString()] }),
    ],
  };
}
