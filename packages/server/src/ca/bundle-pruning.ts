// Takes out of the own bundle what expired a day ago. The last X.509 authority stays, and so does the last JWT authority:
// an empty bundle would verify nothing at all.
import type { Authorities } from '../datastore/bundle-store.js';
import type { TrustBundle } from '../domain/trust-bundle.js';
import { Certificate } from '@credence/sdk/x509';

const keepExpiredMs = 24 * 60 * 60 * 1000;

/** What is left of the bundle's authorities at `now`, or undefined when nothing is to be taken out. */
export function prunedAuthorities(bundle: TrustBundle, now: Date): Authorities | undefined {
  const horizon = now.getTime() - keepExpiredMs;
  const x509Authorities = pruned(bundle.x509Authorities, ({ certificate }) => outlives(notAfter(certificate), horizon));
  const jwtAuthorities = pruned(bundle.jwtAuthorities, ({ expiresAt }) => outlives(expiresAt, horizon));
  const isSame =
    x509Authorities.length === bundle.x509Authorities.length && jwtAuthorities.length === bundle.jwtAuthorities.length;
  return isSame ? undefined : { x509Authorities, jwtAuthorities };
}

/** The live ones; when there is none, the list as it is. */
function pruned<T>(authorities: readonly T[], isLive: (authority: T) => boolean): readonly T[] {
  const live = authorities.filter(isLive);
  return live.length === 0 ? authorities : live;
}

function outlives(expiresAt: Date | undefined, horizon: number): boolean {
  return expiresAt === undefined || expiresAt.getTime() > horizon;
}

function notAfter(certificate: Buffer): Date {
  return Certificate.parse(certificate).notAfter;
}
