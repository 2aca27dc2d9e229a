// An X.509 authority whose key this server holds, with everything that its certificates have in common worked out once.
import type { KeyObject } from 'node:crypto';
import type { TrustDomain } from '@credence/sdk';
import { signatureAlgorithmOf, type Certificate } from '@credence/sdk/x509';
import type { SigningAuthority } from './authority.js';
import type { X509SvidLimits } from './rules/x509-svid.js';
import { x509SvidIssuance, type X509SvidIssuance } from './templates/x509-svid.js';

export interface X509AuthorityParts {
  readonly certificate: Certificate;
  /** It belongs to the certificate: who makes an authority has seen to that. */
  readonly privateKey: KeyObject;
  readonly issuedAt: Date;
  readonly trustDomain: TrustDomain;
  /** DER: the intermediates above the certificate, from below, without the root. Undefined: it is self-signed. */
  readonly upstreamChain?: readonly Buffer[] | undefined;
  /** DER: what has to be in the bundle. Undefined: the certificate itself. */
  readonly root?: Buffer | undefined;
}

/** Signs X.509-SVIDs, and the authorities of servers below this one. */
export class X509SigningAuthority implements SigningAuthority {
  /** The subject key ID in lower-case hex. */
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The certificate, DER. */
  readonly published: Buffer;
  readonly upstreamChain: readonly Buffer[] | undefined;
  /** DER: what every certificate that it signs is followed by; empty when it is self-signed. */
  readonly chain: readonly Buffer[];
  /** The key ID, in lower-case hex, of the authority above; undefined: it is self-signed. */
  readonly upstreamId: string | undefined;
  /** DER: what has to be in the bundle. */
  readonly root: Buffer;
  readonly privateKey: KeyObject;
  readonly issuance: X509SvidIssuance;
  readonly limits: X509SvidLimits;

  constructor({ certificate, privateKey, issuedAt, trustDomain, upstreamChain, root }: X509AuthorityParts) {
    const keyId = certificate.subjectKeyId;
    if (keyId === undefined) throw new TypeError('an authority certificate needs a subject key identifier');
    this.id = keyId.toString('hex');
    this.issuedAt = issuedAt;
    this.expiresAt = certificate.notAfter;
    this.published = certificate.raw;
    this.upstreamChain = upstreamChain;
    this.chain = upstreamChain === undefined ? [] : [certificate.raw, ...upstreamChain];
    this.upstreamId = upstreamChain === undefined ? undefined : certificate.authorityKeyId?.toString('hex');
    this.root = root ?? certificate.raw;
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
