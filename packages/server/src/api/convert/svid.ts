// Issued SVIDs, domain → wire.
import type { SpiffeId } from '@credence/sdk';
import type { JWTSVID } from '@credence/sdk/wire/gen/spire/api/types/JWTSVID.js';
import type { X509SVID } from '@credence/sdk/wire/gen/spire/api/types/X509SVID.js';
import type { IssuedJwtSvid, IssuedX509Svid } from '../../ca/ports.js';
import { encodeSpiffeId } from './spiffe-id.js';
import { encodeSeconds } from './time.js';

export function encodeX509Svid(id: SpiffeId, { chain, expiresAt }: IssuedX509Svid): X509SVID {
  return { id: encodeSpiffeId(id), cert_chain: [...chain], expires_at: encodeSeconds(expiresAt) };
}

export function encodeJwtSvid(id: SpiffeId, { token, issuedAt, expiresAt }: IssuedJwtSvid): JWTSVID {
  return {
    token,
    id: encodeSpiffeId(id),
    issued_at: encodeSeconds(issuedAt),
    expires_at: encodeSeconds(expiresAt),
  };
}
