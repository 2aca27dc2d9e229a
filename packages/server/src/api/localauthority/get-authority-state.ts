// Which authorities of a kind this server has.
import type { AuthorityState } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/AuthorityState.js';
import type { LocalAuthority } from '../../ca/ports.js';
import type { UnaryHandler } from '../pipeline.js';
import { encodeAuthority } from './authority-state.js';

/** What GetX509AuthorityState and GetJWTAuthorityState answer. */
export interface AuthorityStates {
  readonly active: AuthorityState;
  readonly prepared: AuthorityState | null;
  readonly old: AuthorityState | null;
}

export function getAuthorityState(authority: () => LocalAuthority): UnaryHandler<object, AuthorityStates> {
  return () => {
    const { active, prepared, old } = authority().state();
    return Promise.resolve({
      active: encodeAuthority(active),
      prepared: prepared === undefined ? null : encodeAuthority(prepared),
      old: old === undefined ? null : encodeAuthority(old),
    });
  };
}
