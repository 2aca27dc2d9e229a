// When an X.509-SVID is replaced. Pure.
import type { Random } from '@credence/sdk/runtime';

const earliestShareLeft = 0.55;
const jitterShare = 0.1;

/**
 * The instant at which to replace an SVID: when 45 to 55 % of its life is left, at random so that the SVIDs of one
 * moment are not renewed in one moment. Drawn once for each SVID.
 */
export function rotationTime(life: { readonly from: Date; readonly expiresAt: Date }, random: Random): Date {
  const lifetimeMs = Math.max(0, life.expiresAt.getTime() - life.from.getTime());
  const shareLeft = earliestShareLeft - jitterShare * random.uniform();
  return new Date(life.expiresAt.getTime() - lifetimeMs * shareLeft);
}

/** A wait of `ms` give or take 10 %. */
export function aroundMs(ms: number, random: Random): number {
  return ms * (0.9 + 0.2 * random.uniform());
}
