// An X.509 authority whose key this server holds, with everything that its certificates have in common worked out once.
import type { KeyObject } from 'node:crypto';
import type { TrustDomain } from '@credence/sdk';
import { signatureAlgorithmOf, type Certificate } from '@credence/sdk/x509';
import type { SigningAuthority } from './authority.js';
import type { X509SvidLimits } from './rules/x509-svid.js';
import { x509SvidIssuance, type X509SvidIssuance } from './templates/x509-svid.js';

/** Signs X.509-SVIDs. The private key belongs to the certificate: who makes one has seen to that. */
export class X509SigningAuthority implements SigningAuthority {
  /** The subject key ID in lower-case hex. */
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The certificate, DER. */
  readonly published: Buffer;
  readonly privateKey: KeyObject;
  readonly issuance: X509SvidIssuance;
  readonly limits: X509SvidLimits;

  constructor(certificate: Certificate, privateKey: KeyObject, issuedAt: Date, trustDomain: TrustDomain) {
    const keyId = certificate.subjectKeyId;
    if (keyId === undefined) throw new TypeError('an authority certificate needs a subject key identifier');
    this.id = keyId.toString('hex');
    this.issuedAt = issuedAt;
    this.expiresAt = certificate.notAfter;
    this.published = certificate.raw;
    this.privateKey = privateKey;
    this.issuance = x509SvidIssuance(certificate.subject, keyId);
    this.limits = {
      trustDomain,
      issuer: certificate.subject,
      authorityKeyId: keyId,
      authorityKey: certificate.publicKeyInfo,
      signatureAlgorithm: signatureAlgorithmOf(privateKey).der,
      latest: certificate.notAfter,
    };
  }
}
