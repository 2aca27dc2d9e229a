// Makes and publishes the authority that is to be activated next.
import type { AuthorityState } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/AuthorityState.js';
import type { LocalAuthority } from '../../ca/ports.js';
import type { UnaryHandler } from '../pipeline.js';
import { encodeAuthority } from './authority-state.js';

export function prepareAuthority(
  authority: () => LocalAuthority,
): UnaryHandler<object, { readonly prepared_authority: AuthorityState }> {
  return async (_, call) => {
    const prepared = await authority().prepare();
    call.audit.add({ authority_id: prepared.id });
    return { prepared_authority: encodeAuthority(prepared) };
  };
}
