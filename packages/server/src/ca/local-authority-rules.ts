// Which of a server's authorities may be activated, tainted or revoked by hand.
import { serverError } from '../domain/errors.js';
import type { TrustBundle } from '../domain/trust-bundle.js';
import type { SigningAuthority } from './authority.js';
import { isLive } from './rotation-policy.js';
import type { Slots } from './slots.js';

type AnySlots = Slots<SigningAuthority>;

/** Only the prepared authority can be activated. @throws `ERR_INVALID_ARGUMENT`, `ERR_AUTHORITY_STATE` */
export function checkActivatable(id: string, { next }: AnySlots, now: Date): void {
  if (id === '') throw invalid('no authority ID provided');
  if (id !== next?.authority.id) throw invalid('unexpected authority ID');
  const refused = 'only Prepared authorities can be activated';
  if (next.status !== 'prepared') throw unsuited(`${refused}: unsupported local authority status: OLD`);
  if (!isLive(next.authority, now)) throw unsuited(`${refused}: the authority has expired`);
}

/** The authority to taint: only the old one can be. @throws `ERR_INVALID_ARGUMENT` */
export function findTaintable(id: string, { active, next }: AnySlots): SigningAuthority {
  if (id === '') throw invalid('no authority ID provided');
  if (id === active?.authority.id) throw invalid('unable to taint current local authority');
  if (id !== next?.authority.id) throw invalid('unexpected authority ID');
  if (next.status === 'prepared') {
    throw invalid('only Old local authorities can be tainted: unsupported local authority status: PREPARED');
  }
  return next.authority;
}

/** Only the old X.509 authority can be revoked. @throws `ERR_INVALID_ARGUMENT` */
export function checkX509Revocable(id: string, { active, next }: AnySlots): void {
  if (id === '') throw invalidId('no authority ID provided');
  if (id === active?.authority.id) throw invalidId('unable to use current authority');
  if (id !== next?.authority.id || next.status !== 'old') throw invalidId('only Old local authority can be revoked');
}

/** Any JWT authority of the bundle can be revoked that this server does not use and will not. @throws as above */
export function checkJwtRevocable(id: string, { active, next }: AnySlots, bundle: TrustBundle | undefined): void {
  if (id === '') throw invalidId('no authority ID provided');
  if (id === active?.authority.id) throw invalidId('unable to use current authority');
  if (id === next?.authority.id) {
    if (next.status === 'prepared') throw invalidId('unable to use a prepared key');
    return;
  }
  if (bundle?.jwtAuthorities.some(({ keyId }) => keyId === id) !== true) {
    throw invalidId('no JWT authority found with provided authority ID');
  }
}

function invalid(message: string): Error {
  return serverError('ERR_INVALID_ARGUMENT', message);
}

function invalidId(message: string): Error {
  return invalid(`invalid authority ID: ${message}`);
}

function unsuited(message: string): Error {
  return serverError('ERR_AUTHORITY_STATE', message);
}
