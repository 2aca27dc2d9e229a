// What a JWT-SVID contains (JWT-SVID §§2, 3): a header of `alg`, `kid` and `typ`, and the claims that the standard asks
// for; `iss` and `jti` where they are configured.
import type { SpiffeId } from '@credence/sdk';

export interface JwtSvidContent {
  readonly algorithm: string;
  readonly keyId: string;
  readonly spiffeId: SpiffeId;
  readonly audience: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly issuer: string | undefined;
  readonly tokenId: string | undefined;
}

/** The JWS Signing Input (RFC 7515 §2): header and payload in base64url, joined by a dot. */
export function encodeJwtSvid(content: JwtSvidContent): string {
  const header = { alg: content.algorithm, kid: content.keyId, typ: 'JWT' };
  const payload = {
    aud: content.audience,
    exp: content.expiresAt.getTime() / 1000,
    iat: content.issuedAt.getTime() / 1000,
    iss: content.issuer,
    jti: content.tokenId,
    sub: content.spiffeId.toString(),
  };
  return `${encodePart(header)}.${encodePart(payload)}`;
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
