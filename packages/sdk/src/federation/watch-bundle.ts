// The bundle of a foreign trust domain, kept current. A failed fetch changes nothing; a bundle that the publisher has
// replaced is not taken again; of a self-serving endpoint each bundle authenticates the next fetch.
import { X509BundleSet, type SpiffeBundle } from '../bundle/index.js';
import {
  Backoff,
  isSpiffeError,
  sdkError,
  silentLogger,
  systemClock,
  systemRandom,
  type Logger,
  type Random,
  type SpiffeError,
} from '../runtime/index.js';
import { TrustDomain } from '../spiffeid/index.js';
import { checkProfile, endpointIdOf, parseEndpointUrl, type BundleEndpointProfile } from './endpoint.js';
import { fetchBundle, type FetchBundleOptions, type FetchLimits } from './fetch-bundle.js';
import { refreshAfterMs } from './refresh.js';

/** How often, and from where on. */
export interface WatchSchedule {
  /**
   * The bundle held already, from an earlier run: it authenticates a self-serving endpoint in place of `bundles`, an
   * older one is not accepted, and it is not given again.
   */
  readonly held?: SpiffeBundle | undefined;
  /** Bounds of the refresh hint. Default one minute and one day. */
  readonly minIntervalMs?: number | undefined;
  readonly maxIntervalMs?: number | undefined;
  /**
   * Told of each fetch that failed, or gave an older bundle (`details.reason` is `older`), before the wait. What it
   * throws ends the watch.
   */
  readonly onError?: ((error: SpiffeError, retryInMs: number) => void) | undefined;
  /** For jitter. Default: the generator of the operating system. */
  readonly random?: Random | undefined;
}

export type WatchBundleOptions = BundleEndpointProfile & FetchLimits & WatchSchedule;

const firstRetryMs = 5_000;

/**
 * Gives the bundle once fetched, and then each that differs from the one before, until the signal aborts. The next fetch
 * comes after the refresh hint, give or take 10 %, and is the reader's to ask for.
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE_ENDPOINT`, `ERR_SPIFFE_ID` at once for what is not usable; `signal.reason` out of
 * the iteration. A failed fetch does not end it.
 */
export function watchBundle(
  trustDomain: TrustDomain | string,
  url: string | URL,
  options: WatchBundleOptions,
): AsyncGenerator<SpiffeBundle, void, undefined> {
  const domain = typeof trustDomain === 'string' ? TrustDomain.parse(trustDomain) : trustDomain;
  const endpoint = parseEndpointUrl(url);
  checkProfile(options);
  return watch(domain, endpoint, options);
}

async function* watch(
  domain: TrustDomain,
  endpoint: URL,
  options: WatchBundleOptions,
): AsyncGenerator<SpiffeBundle, void, undefined> {
  const { clock = systemClock, logger = silentLogger, signal, onError } = options;
  const schedule = new Schedule(options);
  let { held } = options;
  for (;;) {
    signal?.throwIfAborted();
    let waitMs;
    try {
      const fetched = await fetchBundle(domain, endpoint, trusting(options, held));
      checkNotOlder(fetched, held, logger);
      const isNew = held?.equals(fetched) !== true;
      held = fetched;
      if (isNew) yield fetched;
      waitMs = schedule.afterSuccess(held);
    } catch (error) {
      if (!isSpiffeError(error, 'ERR_SPIFFE_BUNDLE_FETCH')) throw error;
      waitMs = schedule.afterFailure(held);
      onError?.(error, waitMs);
    }
    await clock.sleep(waitMs, { signal });
  }
}

// SPIFFE Federation §5.2.2.4: a self-serving endpoint is authenticated by the latest bundle fetched from it, never again by
// the one to begin with.
function trusting(options: WatchBundleOptions, held: SpiffeBundle | undefined): FetchBundleOptions {
  if (options.profile !== 'https_spiffe' || held === undefined) return options;
  if (!endpointIdOf(options).isMemberOf(held.trustDomain)) return options;
  return { ...options, bundles: X509BundleSet.of(held.x509) };
}

// SPIFFE Federation §4.2: freshness is told by the sequence number, where there is one.
function checkNotOlder(fetched: SpiffeBundle, held: SpiffeBundle | undefined, logger: Logger): void {
  const { trustDomain, sequenceNumber } = fetched;
  const known = held?.sequenceNumber;
  if (held === undefined || known === undefined || sequenceNumber === undefined || sequenceNumber > known) return;
  const fields = { trustDomain: trustDomain.name, sequenceNumber: sequenceNumber.toString(), held: known.toString() };
  if (sequenceNumber === known) {
    // The publisher must change the number (Trust Domain and Bundle §4.1.1); what it says now is still what it says last.
    if (!fetched.equals(held)) logger.warn(fields, 'bundle changed without a new sequence number');
    return;
  }
  logger.warn(fields, 'older bundle not taken');
  const problem = `its sequence number ${fields.sequenceNumber} is older than ${fields.held}`;
  throw sdkError('ERR_SPIFFE_BUNDLE_FETCH', `bundle of ${trustDomain.name}: ${problem}`, {
    details: { trustDomain: trustDomain.name, reason: 'older' },
  });
}

/** Waits between fetches. */
class Schedule {
  readonly #bounds: { readonly minMs: number; readonly maxMs: number };
  readonly #random: Random;
  #backoff: Backoff | undefined;

  constructor({ minIntervalMs = 60_000, maxIntervalMs = 86_400_000, random = systemRandom }: WatchSchedule) {
    this.#bounds = { minMs: minIntervalMs, maxMs: Math.max(minIntervalMs, maxIntervalMs) };
    this.#random = random;
  }

  afterSuccess(bundle: SpiffeBundle): number {
    this.#backoff = undefined;
    return refreshAfterMs(bundle.refreshHintMs, this.#bounds, this.#random);
  }

  // SPIFFE Federation §6.2: an endpoint that fails is not hammered. Without any bundle the first retries come sooner.
  afterFailure(held: SpiffeBundle | undefined): number {
    const maxMs = refreshAfterMs(held?.refreshHintMs, this.#bounds, this.#random);
    const initialMs = held === undefined ? firstRetryMs : this.#bounds.minMs;
    this.#backoff ??= new Backoff({ initialMs, factor: 2, maxMs, jitter: 0.2 }, this.#random);
    return Math.min(maxMs, this.#backoff.next());
  }
}
