// Revokes a tainted authority: nothing that it signed verifies any more.
import type { AuthorityState } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/AuthorityState.js';
import type { LocalAuthority } from '../../ca/ports.js';
import type { UnaryHandler } from '../pipeline.js';
import { encodeAuthorityId } from './authority-state.js';

export function revokeAuthority(
  authority: () => LocalAuthority,
): UnaryHandler<{ readonly authority_id: string }, { readonly revoked_authority: AuthorityState }> {
  return async ({ authority_id: id }, call) => {
    call.audit.add({ authority_id: id });
    await authority().revoke(id);
    return { revoked_authority: encodeAuthorityId(id) };
  };
}
