// When a bundle is asked for again (SPIFFE Federation §4.1, Trust Domain and Bundle §6.1).
import type { Random } from '../runtime/index.js';

const withoutHintMs = 5 * 60_000;
const jitter = 0.1;

export interface RefreshBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** The publisher's refresh hint within bounds, five minutes without a hint; shorter or longer by up to 10 % at random. */
export function refreshAfterMs(
  hintMs: number | undefined,
  { minMs, maxMs }: RefreshBounds,
  random: Pick<Random, 'uniform'>,
): number {
  const wanted = Math.min(Math.max(hintMs ?? withoutHintMs, minMs), maxMs);
  return wanted * (1 - jitter + 2 * jitter * random.uniform());
}
