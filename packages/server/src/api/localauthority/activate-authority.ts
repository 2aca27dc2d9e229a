// Lets the prepared authority take over.
import type { AuthorityState } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/AuthorityState.js';
import type { LocalAuthority } from '../../ca/ports.js';
import type { UnaryHandler } from '../pipeline.js';
import { encodeAuthority } from './authority-state.js';

export function activateAuthority(
  authority: () => LocalAuthority,
): UnaryHandler<{ readonly authority_id: string }, { readonly activated_authority: AuthorityState }> {
  return async ({ authority_id: id }, call) => {
    call.audit.add({ authority_id: id });
    return { activated_authority: encodeAuthority(await authority().activate(id)) };
  };
}
