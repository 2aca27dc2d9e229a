// The order in which people read entries: by SPIFFE ID, then parent, then what tells twins apart.
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';

/** Sorted copies, each with its selectors sorted by type and value. */
export function sortEntries(entries: readonly Entry__Output[]): readonly Entry__Output[] {
  return entries
    .map((entry) => ({ ...entry, selectors: [...entry.selectors].sort(by(({ type, value }) => [type, value])) }))
    .sort(by(keyOf));
}

function keyOf({ spiffe_id, parent_id, selectors, ...entry }: Entry__Output): readonly (string | number)[] {
  return [
    spiffe_id?.trust_domain ?? '',
    spiffe_id?.path ?? '',
    parent_id?.trust_domain ?? '',
    parent_id?.path ?? '',
    entry.x509_svid_ttl,
    entry.jwt_svid_ttl,
    selectors.length,
    ...selectors.flatMap(({ type, value }) => [type, value]),
  ];
}

function by<T>(keyOf: (item: T) => readonly (string | number)[]): (a: T, b: T) => number {
  return (a, b) => {
    const right = keyOf(b);
    for (const [index, left] of keyOf(a).entries()) {
      const other = right[index] ?? '';
      if (left !== other) return left < other ? -1 : 1;
    }
    return 0;
  };
}
