// What our bundle becomes when the one above has changed.
import type { Authorities } from '../../datastore/bundle-store.js';
import { mostFollowed } from '../../domain/trust-bundle.js';
import type { UpstreamBundle } from './upstream-authority.js';

/**
 * The authorities that are held, those that are missing, and the taint of either. One that is tainted and no longer in
 * the bundle of the trust domain has been revoked there. Undefined: nothing changes.
 */
export function followedBundle(held: Authorities, above: UpstreamBundle): Authorities | undefined {
  const { isShared } = above;
  const x509Authorities = followed(
    { held: held.x509Authorities, above: above.x509Authorities, isShared, most: mostFollowed.x509 },
    ({ certificate }) => certificate.toString('base64'),
  );
  const jwtAuthorities = followed(
    { held: held.jwtAuthorities, above: above.jwtAuthorities, isShared, most: mostFollowed.jwt },
    ({ keyId }) => keyId,
  );
  const isSame = equal(x509Authorities, held.x509Authorities) && equal(jwtAuthorities, held.jwtAuthorities);
  return isSame ? undefined : { x509Authorities, jwtAuthorities };
}

interface Lists<T> {
  readonly held: readonly T[];
  readonly above: readonly T[];
  readonly isShared: boolean;
  /** The new ones are taken up to this number in all. */
  readonly most: number;
}

function followed<T extends { readonly tainted: boolean }>(
  { held, above, isShared, most }: Lists<T>,
  keyOf: (authority: T) => string,
): readonly T[] {
  const byKey = new Map(above.map((authority) => [keyOf(authority), authority]));
  const kept = held
    .filter((authority) => !(isShared && authority.tainted) || byKey.has(keyOf(authority)))
    .map((authority) =>
      !authority.tainted && byKey.get(keyOf(authority))?.tainted === true ? { ...authority, tainted: true } : authority,
    );
  const known = new Set(held.map(keyOf));
  const added = above.filter((authority) => !known.has(keyOf(authority)));
  return [...kept, ...added.slice(0, Math.max(0, most - kept.length))];
}

function equal<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((authority, index) => authority === other[index]);
}
