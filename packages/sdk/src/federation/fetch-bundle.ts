// The bundle of a foreign trust domain, fetched once from its bundle endpoint (SPIFFE Federation §5.2). What comes back is
// the bundle of the trust domain that was asked for, whatever the endpoint says.
import { SpiffeBundle } from '../bundle/index.js';
import { httpGet, type HttpResponse } from '../net/index.js';
import {
  joinSignals,
  sdkError,
  silentLogger,
  systemClock,
  type Clock,
  type Logger,
  type SpiffeError,
} from '../runtime/index.js';
import { TrustDomain } from '../spiffeid/index.js';
import { checkProfile, connectionOptions, parseEndpointUrl, type BundleEndpointProfile } from './endpoint.js';

/** What a fetch may cost and where it may lead. */
export interface FetchLimits {
  /** For the whole fetch, redirects too. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Default 4 MiB. */
  readonly maxBytes?: number | undefined;
  /** Redirects followed in one fetch; none is remembered. Default 5; 0 follows none. */
  readonly maxRedirects?: number | undefined;
  /**
   * Asked for each IP address before it is connected to; a text refuses it and says why. Unspecified, link-local,
   * multicast and metadata addresses are refused in any case.
   */
  readonly refuseAddress?: ((address: string) => string | undefined) | undefined;
  /** Default: the clock of the machine. */
  readonly clock?: Clock | undefined;
  /** Told of every fetch. Default: silent. */
  readonly logger?: Logger | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type FetchBundleOptions = BundleEndpointProfile & FetchLimits;

/** Why a fetch failed, in `details.reason`. */
type FetchReason = 'connection' | 'timeout' | 'status' | 'redirect' | 'malformed';

const defaults = { timeoutMs: 30_000, maxBytes: 4 * 1024 * 1024, maxRedirects: 5 };
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches the bundle of `trustDomain`.
 *
 * @throws SpiffeError `ERR_SPIFFE_BUNDLE_ENDPOINT` for a URL or profile that is not usable, `ERR_SPIFFE_BUNDLE_FETCH`
 * with `details.reason` (`connection`, `timeout`, `status`, `redirect`, `malformed`), `ERR_SPIFFE_ID`;
 * `signal.reason`.
 */
export async function fetchBundle(
  trustDomain: TrustDomain | string,
  url: string | URL,
  options: FetchBundleOptions,
): Promise<SpiffeBundle> {
  const domain = typeof trustDomain === 'string' ? TrustDomain.parse(trustDomain) : trustDomain;
  const endpoint = parseEndpointUrl(url);
  checkProfile(options);
  const { logger = silentLogger } = options;
  const fields = { trustDomain: domain.name, url: shown(endpoint), profile: options.profile };
  try {
    const bundle = await withinTime(options, (signal) => fetchFrom(domain, endpoint, options, signal));
    logger.info({ ...fields, sequenceNumber: bundle.sequenceNumber?.toString() }, 'bundle fetched');
    return bundle;
  } catch (error) {
    options.signal?.throwIfAborted();
    const failure = error instanceof FetchFailure ? error : new FetchFailure('connection', messageOf(error), error);
    logger.warn({ ...fields, reason: failure.reason, error: failure.message }, 'bundle not fetched');
    throw failed(domain, endpoint, failure);
  }
}

async function fetchFrom(
  domain: TrustDomain,
  endpoint: URL,
  options: FetchBundleOptions,
  signal: AbortSignal,
): Promise<SpiffeBundle> {
  const { body, status } = await follow(endpoint, options, signal);
  if (status !== 200) throw new FetchFailure('status', `the endpoint answered with status ${status}; expected 200`);
  const { logger = silentLogger } = options;
  try {
    return SpiffeBundle.parse(domain, body, ({ message }) => {
      logger.warn({ trustDomain: domain.name, error: message }, 'bundle entry not used');
    });
  } catch (cause) {
    throw new FetchFailure('malformed', messageOf(cause), cause);
  }
}

// Each target is authenticated as the endpoint itself is (SPIFFE Federation §5.2.1.4, §5.2.2.4).
async function follow(endpoint: URL, options: FetchBundleOptions, signal: AbortSignal): Promise<HttpResponse> {
  const { clock = systemClock, logger = silentLogger, refuseAddress } = options;
  const { maxBytes = defaults.maxBytes, maxRedirects = defaults.maxRedirects } = options;
  let url = endpoint;
  for (let followed = 0; ; followed++) {
    const tls = connectionOptions(options, { clock, logger });
    const response = await httpGet(url, {
      tls,
      headers: { accept: 'application/json' },
      maxBytes,
      refuseAddress,
      signal,
    });
    if (!redirects.has(response.status)) return response;
    if (followed >= maxRedirects) throw new FetchFailure('redirect', `more than ${maxRedirects} redirects`);
    url = targetOf(response, url);
    logger.debug({ url: shown(url), status: response.status }, 'bundle endpoint redirects');
  }
}

function targetOf({ headers: { location } }: HttpResponse, from: URL): URL {
  if (location === undefined) throw new FetchFailure('redirect', 'a redirect without a location');
  try {
    // Made absolute by hand: the parser would forget an empty user before it is looked for.
    const isRelative = !/^[a-z][a-z0-9+.-]*:/i.test(location);
    return parseEndpointUrl(isRelative ? resolved(location, from) : location);
  } catch (cause) {
    throw new FetchFailure('redirect', `a redirect to what is no bundle endpoint: ${messageOf(cause)}`, cause);
  }
}

function resolved(location: string, from: URL): string {
  return /^[/\\]{2}/.test(location) ? from.protocol + location : new URL(location, from).href;
}

async function withinTime<T>(
  { timeoutMs = defaults.timeoutMs, clock = systemClock, signal }: FetchLimits,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  using joined = joinSignals(signal);
  const done = new AbortController();
  const limit = clock.sleep(timeoutMs, { signal: done.signal, ref: false }).then(
    () => {
      joined.abort(new FetchFailure('timeout', `not finished within ${timeoutMs} ms`));
    },
    () => undefined,
  );
  try {
    return await work(joined.signal);
  } finally {
    done.abort();
    await limit;
  }
}

class FetchFailure extends Error {
  readonly reason: FetchReason;

  constructor(reason: FetchReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

function failed(domain: TrustDomain, endpoint: URL, { reason, message, cause }: FetchFailure): SpiffeError {
  const url = shown(endpoint);
  return sdkError('ERR_SPIFFE_BUNDLE_FETCH', `bundle of ${domain.name} from ${url}: ${message}`, {
    details: { trustDomain: domain.name, url, reason },
    cause,
  });
}

// A query may hold what is not for logs.
function shown({ origin, pathname }: URL): string {
  return origin + pathname;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
