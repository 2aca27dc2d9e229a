// Issued X.509-SVIDs, domain → wire.
import type { SpiffeId } from '@credence/sdk';
import type { X509SVID } from '@credence/sdk/wire/gen/spire/api/types/X509SVID.js';
import type { IssuedX509Svid } from '../../ca/ports.js';
import { encodeSpiffeId } from './spiffe-id.js';
import { encodeSeconds } from './time.js';

export function encodeX509Svid(id: SpiffeId, { chain, expiresAt }: IssuedX509Svid): X509SVID {
  return { id: encodeSpiffeId(id), cert_chain: [...chain], expires_at: encodeSeconds(expiresAt) };
}
