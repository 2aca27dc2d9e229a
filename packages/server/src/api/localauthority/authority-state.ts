// One of the server's authorities, domain → wire.
import type { AuthorityState } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/AuthorityState.js';
import type { AuthorityFacts } from '../../ca/ports.js';
import { encodeSeconds } from '../convert/time.js';

export function encodeAuthority({ id, expiresAt, upstreamId = '' }: AuthorityFacts): AuthorityState {
  return { authority_id: id, expires_at: encodeSeconds(expiresAt), upstream_authority_subject_key_id: upstreamId };
}

/** An authority that is known by its ID alone. */
export function encodeAuthorityId(id: string): AuthorityState {
  return { authority_id: id };
}
