// What an X.509-SVID contains (X509-SVID §§2, 3.1, 4): one SPIFFE ID, the extensions of a leaf, and nothing of what a
// certificate request asks for beyond its key.
import type { SpiffeId } from '@credence/sdk';
import { subjectKeyId } from '@credence/sdk/keys';
import {
  Oid,
  authorityKeyIdExtension,
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  type CertificateTemplate,
  type Extension,
} from '@credence/sdk/x509';
import { defaultSubject, withCommonName } from './subject.js';
import type { Validity } from './validity.js';

const leafExtensions: readonly Extension[] = [
  keyUsageExtension(['digitalSignature', 'keyEncipherment', 'keyAgreement']),
  extendedKeyUsageExtension([Oid.serverAuth, Oid.clientAuth]),
  basicConstraintsExtension({ ca: false }),
];
const emptyNameLength = 2;

/** What is the same in every X.509-SVID of one authority, encoded once. */
export interface X509SvidIssuance {
  /** X.501 Name, DER. */
  readonly issuer: Buffer;
  readonly authorityKeyId: Extension;
}

export function x509SvidIssuance(issuer: Buffer, authorityKeyId: Buffer): X509SvidIssuance {
  return { issuer, authorityKeyId: authorityKeyIdExtension(authorityKeyId) };
}

export interface X509SvidContent {
  readonly spiffeId: SpiffeId;
  readonly dnsNames: readonly string[];
  readonly serialNumber: Buffer;
  readonly validity: Validity;
  /** X.501 Name, DER; undefined is C=US, O=SPIRE. The first DNS name becomes its common name. */
  readonly subject: Buffer | undefined;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
}

export function x509SvidTemplate(issuance: X509SvidIssuance, content: X509SvidContent): CertificateTemplate {
  const { dnsNames, publicKeyInfo, validity } = content;
  const subject = subjectOf(content);
  return {
    serialNumber: content.serialNumber,
    issuer: issuance.issuer,
    subject,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    publicKeyInfo,
    extensions: [
      ...leafExtensions,
      subjectKeyIdExtension(subjectKeyId(publicKeyInfo)),
      issuance.authorityKeyId,
      subjectAltNameExtension({
        uris: [content.spiffeId.toString()],
        dnsNames,
        critical: subject.length === emptyNameLength, // X509-SVID §3.1
      }),
    ],
  };
}

function subjectOf({ subject = defaultSubject, dnsNames: [commonName] }: X509SvidContent): Buffer {
  return commonName === undefined ? subject : withCommonName(subject, commonName);
}
