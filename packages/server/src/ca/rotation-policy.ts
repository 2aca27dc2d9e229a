// When an authority is replaced. Both thresholds hang on its own lifetime, so that a relying party sees the next
// authority in the bundle long before anything is signed with it.
import type { SigningAuthority } from './authority.js';

const dayMs = 24 * 60 * 60 * 1000;
const prepareShare = 2;
const prepareMostMs = 30 * dayMs;
const activateShare = 6;
const activateMostMs = 7 * dayMs;

/** From half of its life, and at the earliest 30 days before its end, the next authority is prepared. */
export function prepareAt(authority: SigningAuthority): Date {
  return before(authority, prepareShare, prepareMostMs);
}

/** From five sixths of its life, and at the earliest 7 days before its end, the next authority takes over. */
export function activateAt(authority: SigningAuthority): Date {
  return before(authority, activateShare, activateMostMs);
}

/** The longest lifetime that no authority of this lifetime ever cuts short: what the active one has left at the least. */
export function guaranteedTtlMs(lifetimeMs: number): number {
  return Math.min(lifetimeMs / activateShare, activateMostMs);
}

/** Whether it may still be used at `now`. */
export function isLive({ expiresAt }: { readonly expiresAt: Date }, now: Date): boolean {
  return now < expiresAt;
}

function before({ issuedAt, expiresAt }: SigningAuthority, share: number, mostMs: number): Date {
  const lifetimeMs = expiresAt.getTime() - issuedAt.getTime();
  return new Date(expiresAt.getTime() - Math.min(lifetimeMs / share, mostMs));
}
