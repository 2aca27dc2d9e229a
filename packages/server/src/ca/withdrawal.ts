// How an authority leaves the trust bundle: it is tainted first, so that what it signed is replaced while it still
// verifies, and revoked after that.
import { serverError } from '../domain/errors.js';

interface Withdrawable {
  readonly tainted: boolean;
}

/** What the refusals call an authority. */
export interface AuthorityWords {
  /** `X.509` or `JWT` */
  readonly kind: string;
  /** Begins the refusal of what is tainted already: `root CA`. */
  readonly noun: string;
  /** By which it is looked for: `subject key ID`. */
  readonly id: string;
}

/** The authorities with the one that `isMeant` marked as tainted. @throws `ERR_AUTHORITY_STATE` */
export function withTainted<T extends Withdrawable>(
  authorities: readonly T[],
  isMeant: (authority: T) => boolean,
  { kind, noun, id }: AuthorityWords,
): readonly T[] {
  const meant = authorities.filter(isMeant);
  const failed = `failed to taint ${kind} authority`;
  if (meant.length === 0) throw serverError('ERR_AUTHORITY_STATE', `${failed}: no authority has this ${id}`);
  if (meant.some(({ tainted }) => tainted)) {
    throw serverError('ERR_AUTHORITY_STATE', `${failed}: ${noun} is already tainted`);
  }
  return authorities.map((authority) => (meant.includes(authority) ? { ...authority, tainted: true } : authority));
}

/** The authorities without the tainted one that `isMeant`. @throws `ERR_AUTHORITY_STATE` */
export function withoutRevoked<T extends Withdrawable>(
  authorities: readonly T[],
  isMeant: (authority: T) => boolean,
  { kind, noun, id }: AuthorityWords,
): readonly T[] {
  const meant = authorities.filter(isMeant);
  const failed = `failed to revoke ${kind} authority`;
  if (meant.length === 0) throw serverError('ERR_AUTHORITY_STATE', `${failed}: no authority has this ${id}`);
  if (!meant.every(({ tainted }) => tainted)) {
    throw serverError('ERR_AUTHORITY_STATE', `${failed}: it is not possible to revoke an untainted ${noun}`);
  }
  return authorities.filter((authority) => !meant.includes(authority));
}
