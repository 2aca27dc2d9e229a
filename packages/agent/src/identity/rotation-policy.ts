// When an X.509-SVID is replaced.
import type { Logger, Random } from '@credence/sdk/runtime';

const earliestShareLeft = 0.55;
const jitterShare = 0.1;
// As SPIRE: an availability target counts where it leaves this much of a life between two rotations.
const shortestPeriodMs = 12 * 3_600_000;
const targetJitterMs = 600_000;

export interface Life {
  readonly from: Date;
  readonly expiresAt: Date;
}

/**
 * The instant at which to replace an SVID: when 45 to 55 % of its life is left, at random so that the SVIDs of one
 * moment are not renewed in one moment. Drawn once for each SVID. Pure.
 */
export function rotationTime(life: Life, random: Random): Date {
  const shareLeft = earliestShareLeft - jitterShare * random.uniform();
  return new Date(life.expiresAt.getTime() - lifetimeMs(life) * shareLeft);
}

export interface RotationPolicyOptions {
  readonly random: Random;
  readonly log: Logger;
  /** How long an SVID shall live on when the server goes away; undefined: whatever half of its life gives. */
  readonly availabilityTargetMs: number | undefined;
}

/** When X.509-SVIDs are replaced, with the availability target in mind. */
export class RotationPolicy {
  readonly #options: RotationPolicyOptions;
  #hasWarned = false;

  constructor(options: RotationPolicyOptions) {
    this.#options = options;
  }

  /** As `rotationTime`, or earlier where that leaves less than the availability target. */
  rotationTime(life: Life): Date {
    const { random, availabilityTargetMs } = this.#options;
    const halfLife = rotationTime(life, random);
    if (availabilityTargetMs === undefined) return halfLife;
    if (lifetimeMs(life) - availabilityTargetMs <= shortestPeriodMs) {
      this.#warn(life, availabilityTargetMs);
      return halfLife;
    }
    const leftMs = availabilityTargetMs + targetJitterMs * random.uniform();
    return new Date(Math.min(halfLife.getTime(), life.expiresAt.getTime() - leftMs));
  }

  #warn(life: Life, availabilityTargetMs: number): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const fields = { lifetimeMs: lifetimeMs(life), availabilityTargetMs };
    this.#options.log.warn(fields, 'X509-SVIDs do not live 12 hours longer than availability_target: it has no effect');
  }
}

/** A wait of `ms` give or take 10 %. */
export function aroundMs(ms: number, random: Random): number {
  return ms * (0.9 + 0.2 * random.uniform());
}

function lifetimeMs({ from, expiresAt }: Life): number {
  return Math.max(0, expiresAt.getTime() - from.getTime());
}
