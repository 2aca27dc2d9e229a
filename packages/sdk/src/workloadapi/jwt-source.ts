// Live JWT bundles and JWT-SVIDs from the Workload API, for as long as the process runs: what a process needs to call
// others with a token and to verify theirs.
import { inspect } from 'node:util';
import type { JwtBundle, JwtBundleSet, JwtBundleSource } from '../bundle/index.js';
import { isSpiffeError, onAbort, sdkError, type SpiffeError } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import type { FetchJwtSvidOptions, JwtSvid, JwtSvidParams, JwtSvidSource } from '../svid/index.js';
import { requestOf } from './client.js';
import type { JwtSvidRequest, JwtSvids } from './jwt-responses.js';
import { Source, type SourceOptions, type SourceStream } from './source.js';
import { TokenCache } from './token-cache.js';

export interface JwtSourceOptions extends SourceOptions {
  /** Chooses the token with this hint, where an answer holds several. Default: the first (SPIFFE Workload API §8). */
  readonly hint?: string | undefined;
  /** The most tokens that are held, each to half its life. Default 1000; 0 asks the agent for each. */
  readonly cacheSize?: number | undefined;
  /** How long the agent may take for one token. Default 30 s. */
  readonly fetchTimeoutMs?: number | undefined;
}

/** A source of the JWT bundles and the JWT-SVIDs of this process. */
export class JwtSource extends Source<JwtBundleSet> implements JwtSvidSource, JwtBundleSource {
  readonly #hint: string | undefined;
  readonly #timeoutMs: number;
  readonly #tokens: TokenCache;

  private constructor(options: JwtSourceOptions) {
    super('jwt source', options);
    this.#hint = options.hint;
    this.#timeoutMs = options.fetchTimeoutMs ?? 30_000;
    const mayKeep = options.onRevoked === 'keep';
    this.#tokens = new TokenCache({
      clock: this.clock,
      maxEntries: options.cacheSize ?? 1000,
      fetch: (request) => this.#fetch(request),
      mayStandIn: (error) =>
        isSpiffeError(error) && error.retryable && (mayKeep || error.code !== 'ERR_SPIFFE_NO_IDENTITY'),
      report: (error) => {
        this.report(error as SpiffeError);
      },
    });
  }

  /** Resolves with the first valid update of the bundles. As `X509Source.create`. */
  static async create(options: JwtSourceOptions = {}): Promise<JwtSource> {
    options.signal?.throwIfAborted();
    const source = new JwtSource(options);
    return await source.start([source.#stream], options);
  }

  /**
   * The bundles of every trust domain that the Workload API knows.
   *
   * @throws SpiffeError `ERR_SPIFFE_CLOSED`, `ERR_SPIFFE_NO_IDENTITY` after a revocation.
   */
  get bundleSet(): JwtBundleSet {
    return this.current;
  }

  /** Throws as `bundleSet`, and `ERR_SPIFFE_NO_BUNDLE`. */
  getJwtBundleForTrustDomain(trustDomain: TrustDomain): JwtBundle {
    return this.current.getJwtBundleForTrustDomain(trustDomain);
  }

  /**
   * A JWT-SVID of this process, which may be held from an earlier call: it has lived no longer than half its life, or the
   * agent does not answer. `signal` ends the wait alone.
   *
   * @throws as `WorkloadApiClient.fetchJwtSvid`; `ERR_SPIFFE_RESPONSE` when none has the hint.
   */
  async fetchJwtSvid(params: JwtSvidParams, { signal, fresh = false }: FetchJwtSvidOptions = {}): Promise<JwtSvid> {
    this.stopped.throwIfAborted();
    signal?.throwIfAborted();
    const token = this.#tokens.get(requestOf(params), { fresh });
    return await (signal === undefined ? token : unlessAborted(token, signal));
  }

  readonly #stream: SourceStream = {
    follow: (client, { updated, failed, signal }) => {
      const update = (bundles: JwtBundleSet): void => {
        updated();
        this.set(bundles);
      };
      return client.followJwtBundles(update, { signal, onError: failed });
    },
    forget: () => {
      this.#tokens.clear();
    },
  };

  async #fetch({ audience, subject }: JwtSvidRequest): Promise<JwtSvid> {
    const fetch = (): Promise<JwtSvids> =>
      this.client.fetchJwtSvids({ audience, subject }, { signal: this.stopped, timeoutMs: this.#timeoutMs });
    const svids = await fetch().catch((error: unknown) => {
      if (isBroken(error)) return fetch();
      throw error;
    });
    return this.#chosen(svids);
  }

  #chosen(svids: JwtSvids): JwtSvid {
    const hint = this.#hint;
    if (hint === undefined) return svids[0];
    const chosen = svids.find((svid) => svid.hint === hint);
    if (chosen !== undefined) return chosen;
    const hints = svids.map((svid) => inspect(svid.hint ?? '')).join(', ');
    throw sdkError('ERR_SPIFFE_RESPONSE', `no JWT-SVID has the hint ${inspect(hint)}; hints received: ${hints}`);
  }
}

// A call that broke on its way, which a new connection may carry. What took too long once is not asked for again: only
// what came over the wire has `grpcDetails`.
const broken = new Set<unknown>(['CANCELLED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE']);

function isBroken(error: unknown): boolean {
  return isSpiffeError(error) && 'grpcDetails' in error.details && broken.has(error.details['grpcCode']);
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => {
      reject(signal.reason as Error);
    });
    promise.then(resolve, reject).finally(stop);
  });
}
