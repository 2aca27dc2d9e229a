// Taints the old authority: agents and the server replace what it signed.
import type { AuthorityState } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/AuthorityState.js';
import type { AuthorityFacts, LocalAuthority } from '../../ca/ports.js';
import type { UnaryHandler } from '../pipeline.js';

export function taintAuthority(
  authority: () => LocalAuthority,
  encode: (tainted: AuthorityFacts) => AuthorityState,
): UnaryHandler<{ readonly authority_id: string }, { readonly tainted_authority: AuthorityState }> {
  return async ({ authority_id: id }, call) => {
    call.audit.add({ authority_id: id });
    return { tainted_authority: encode(await authority().taint(id)) };
  };
}
