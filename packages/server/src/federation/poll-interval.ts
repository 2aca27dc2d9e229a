// How long a federated bundle is taken for current (SPIFFE Federation §4.1, Trust Domain and Bundle §4.1.2).
import { Backoff, type Random } from '@credence/sdk/runtime';
import type { TrustBundle } from '../domain/trust-bundle.js';

const withoutHintSeconds = 300;
const pollsPerHint = 4;
const shortestMs = 60_000;
const longestMs = 6 * 3_600_000;
const jitter = 0.1;

/** A quarter of the refresh hint within a minute and six hours, shorter or longer by up to 10 % at random. */
export function pollIntervalMs({ refreshHintSeconds }: TrustBundle, random: Pick<Random, 'uniform'>): number {
  const hintSeconds = refreshHintSeconds > 0 ? refreshHintSeconds : withoutHintSeconds;
  const wanted = Math.min(Math.max((hintSeconds * 1000) / pollsPerHint, shortestMs), longestMs);
  return wanted * (1 - jitter + 2 * jitter * random.uniform());
}

/** While there is no bundle at all. */
export function firstBundleBackoff(random: Random): Backoff {
  return new Backoff({ initialMs: 5000, factor: 2, maxMs: shortestMs, jitter: 0.2 }, random);
}
