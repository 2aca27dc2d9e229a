// A trust domain's bundle as the server keeps it, with what is tainted.
import type { TrustDomain } from '@credence/sdk';

export interface TrustBundle {
  readonly trustDomain: TrustDomain;
  readonly x509Authorities: readonly X509Authority[];
  readonly jwtAuthorities: readonly JwtAuthority[];
  readonly refreshHintSeconds: number;
  /** One more with each change. */
  readonly sequenceNumber: bigint;
}

export interface X509Authority {
  /** DER. */
  readonly certificate: Buffer;
  readonly tainted: boolean;
}

export interface JwtAuthority {
  /** PKIX DER. */
  readonly publicKey: Buffer;
  readonly keyId: string;
  readonly expiresAt: Date | undefined;
  readonly tainted: boolean;
}
