// A trust domain's bundle as the server keeps it, with what is tainted.
import type { TrustDomain } from '@credence/sdk';

/** Of a bundle: as many as a document of ours is read with; everybody in the trust domain fetches them all. */
export const mostAuthorities = 1024;
/** How many of them a bundle above may bring: nobody who publishes one kind there keeps the other out. */
export const mostFollowed = { x509: 256, jwt: 768 } as const;

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
