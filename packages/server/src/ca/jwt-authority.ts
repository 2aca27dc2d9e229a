// A JWT authority whose key this server holds: a key that signs JWT-SVIDs, under a key ID.
import type { KeyObject } from 'node:crypto';
import type { TrustDomain } from '@credence/sdk';
import { publicKeyInfoOf } from '@credence/sdk/keys';
import type { SigningAuthority } from './authority.js';
import { jwtAlgorithmOf, type JwtAlgorithm } from './jwt-algorithm.js';
import type { JwtSvidLimits } from './rules/jwt-svid.js';

export interface JwtAuthorityContent {
  /** The key ID. */
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly privateKey: KeyObject;
  readonly trustDomain: TrustDomain;
}

/** Signs JWT-SVIDs. */
export class JwtSigningAuthority implements SigningAuthority {
  /** The key ID. */
  readonly id: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The public key: SubjectPublicKeyInfo, DER. */
  readonly published: Buffer;
  readonly privateKey: KeyObject;
  readonly algorithm: JwtAlgorithm;
  readonly limits: JwtSvidLimits;

  constructor({ id, issuedAt, expiresAt, privateKey, trustDomain }: JwtAuthorityContent) {
    this.id = id;
    this.issuedAt = issuedAt;
    this.expiresAt = expiresAt;
    this.published = publicKeyInfoOf(privateKey);
    this.privateKey = privateKey;
    this.algorithm = jwtAlgorithmOf(privateKey);
    this.limits = { trustDomain, algorithm: this.algorithm.name, keyId: id, latest: expiresAt };
  }
}
