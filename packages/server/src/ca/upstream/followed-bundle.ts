// What our bundle becomes when the one above has changed.
import type { Authorities } from '../../datastore/bundle-store.js';
import type { UpstreamBundle } from './upstream-authority.js';

/**
 * The authorities that are held, those that are missing, and the taint of either. One that is tainted and no longer in
 * the bundle of the trust domain has been revoked there. Undefined: nothing changes.
 */
export function followedBundle(held: Authorities, above: UpstreamBundle): Authorities | undefined {
  const { isShared } = above;
  const x509Authorities = followed(held.x509Authorities, above.x509Authorities, isShared, ({ certificate }) =>
    certificate.toString('base64'),
  );
  const jwtAuthorities = followed(held.jwtAuthorities, above.jwtAuthorities, isShared, ({ keyId }) => keyId);
  const isSame = equal(x509Authorities, held.x509Authorities) && equal(jwtAuthorities, held.jwtAuthorities);
  return isSame ? undefined : { x509Authorities, jwtAuthorities };
}

function followed<T extends { readonly tainted: boolean }>(
  held: readonly T[],
  above: readonly T[],
  isShared: boolean,
  keyOf: (authority: T) => string,
): readonly T[] {
  const byKey = new Map(above.map((authority) => [keyOf(authority), authority]));
  const kept = held
    .filter((authority) => !(isShared && authority.tainted) || byKey.has(keyOf(authority)))
    .map((authority) =>
      !authority.tainted && byKey.get(keyOf(authority))?.tainted === true ? { ...authority, tainted: true } : authority,
    );
  const known = new Set(held.map(keyOf));
  return [...kept, ...above.filter((authority) => !known.has(keyOf(authority)))];
}

function equal<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((authority, index) => authority === other[index]);
}
