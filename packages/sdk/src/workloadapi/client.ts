// The client of the SPIFFE Workload API (§§5, 6): single calls, and watches that reconnect until they are aborted.
import type { JwtBundleSet, X509BundleSet } from '../bundle/index.js';
import { guarded, onAbort, systemClock, systemRandom, type Clock, type Logger, type Random } from '../runtime/index.js';
import { SpiffeId } from '../spiffeid/index.js';
import { audiences, type JwtSvid, type JwtSvidParams, type X509Svid } from '../svid/index.js';
import { Calls, type CallOptions, type WatchOptions } from './calls.js';
import { Channel } from './channel.js';
import { resolveEndpoint } from './endpoint.js';
import type { JwtSvidRequest, JwtSvids } from './jwt-responses.js';
import { jwtBundles, jwtSvids, validation, x509Bundles, x509Context } from './profiles.js';
import { defaultLimits, type ResponseLimits } from './response-fields.js';
import type { X509Context } from './x509-context.js';

// A stock gRPC server takes more than a ping in five minutes for an attack.
const defaultKeepaliveMs = 310_000;

export interface WorkloadApiClientOptions {
  /** `unix:///…` or `tcp://<IP>:<port>`; default: the variable SPIFFE_ENDPOINT_SOCKET. */
  readonly address?: string | undefined;
  /** The largest message that is accepted. Default 4 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** The most that one response may hold; a larger one is discarded. Default: 100 SVIDs, 1000 bundles of a kind. */
  readonly limits?: Partial<ResponseLimits> | undefined;
  /**
   * How long a connection with open calls may be silent before it is probed; a probe may stay unanswered for as long, but
   * not for more than 20 s. Default 310 s: a stock gRPC server ends connections that are probed more often than every
   * 300 s. On Node 20 only the probe finds a connection whose other side broke the rules of HTTP/2.
   */
  readonly keepaliveMs?: number | undefined;
  /** Default: silent. */
  readonly logger?: Logger | undefined;
  /** Closes the client when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** False: neither calls nor watches keep the process alive, but for the `create` of a source. Default true. */
  readonly ref?: boolean | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

/**
 * A client of the Workload API. It connects when it is first used. Whoever needs an SVID again and again holds a source:
 * each single call is a new attestation of this process.
 */
export class WorkloadApiClient implements AsyncDisposable {
  readonly #channel: Channel;
  readonly #calls: Calls;

  /** @throws SpiffeError `ERR_SPIFFE_ENDPOINT` */
  constructor(options: WorkloadApiClientOptions = {}) {
    const { address, maxMessageBytes = 4 * 1024 * 1024, keepaliveMs = defaultKeepaliveMs, ref = true } = options;
    const { clock = systemClock, random = systemRandom, signal } = options;
    const logger = guarded(options.logger);
    this.#channel = new Channel({ endpoint: resolveEndpoint(address), maxMessageBytes, keepaliveMs, ref });
    const limits = { ...defaultLimits, ...options.limits };
    this.#calls = new Calls({ channel: this.#channel, limits, logger, clock, random, ref });
    if (signal?.aborted === true) this.#channel.close();
    else if (signal !== undefined)
      onAbort(
        this.#channel.closed,
        onAbort(signal, () => void this.close()),
      );
  }

  /**
   * One attempt at the X.509-SVIDs and bundles of this process.
   *
   * @throws SpiffeError `ERR_SPIFFE_NO_IDENTITY`, `ERR_SPIFFE_WORKLOAD_API` (`details.grpcCode`), `ERR_SPIFFE_RESPONSE`,
   * `ERR_SPIFFE_CLOSED`; `signal.reason`.
   */
  fetchX509Context(options?: CallOptions): Promise<X509Context> {
    return this.#calls.first(x509Context, options);
  }

  /** The default X.509-SVID, which is the first (SPIFFE Workload API §8). Throws as `fetchX509Context`. */
  async fetchX509Svid(options?: CallOptions): Promise<X509Svid> {
    return (await this.fetchX509Context(options)).defaultSvid;
  }

  /** Every X.509-SVID of this process. Throws as `fetchX509Context`. */
  async fetchX509Svids(options?: CallOptions): Promise<readonly X509Svid[]> {
    return (await this.fetchX509Context(options)).svids;
  }

  /** The X.509 bundles alone. Throws as `fetchX509Context`. */
  fetchX509Bundles(options?: CallOptions): Promise<X509BundleSet> {
    return this.#calls.first(x509Bundles, options);
  }

  /** The JWT bundles. Throws as `fetchX509Context`. */
  fetchJwtBundles(options?: CallOptions): Promise<JwtBundleSet> {
    return this.#calls.first(jwtBundles, options);
  }

  /** The default JWT-SVID, which is the first, of `fetchJwtSvids`. */
  async fetchJwtSvid(params: JwtSvidParams, options?: CallOptions): Promise<JwtSvid> {
    return (await this.fetchJwtSvids(params, options))[0];
  }

  /**
   * New JWT-SVIDs for an audience, of one subject or of each identity of this process, in the order of the agent
   * (SPIFFE Workload API §6.2.1). Their signatures are not verified: they are our own. Throws as `fetchX509Context`.
   *
   * @throws TypeError: no audience; SpiffeError `ERR_SPIFFE_ID`: the subject is no SPIFFE ID.
   */
  async fetchJwtSvids(params: JwtSvidParams, options?: CallOptions): Promise<JwtSvids> {
    return await this.#calls.call(jwtSvids(requestOf(params)), options);
  }

  /**
   * Has the Workload API validate a JWT-SVID (SPIFFE Workload API §6.2.3), for one audience. INVALID_ARGUMENT in
   * `details.grpcCode` says that it is not valid. Throws as `fetchX509Context`.
   *
   * @throws TypeError: no token or no audience.
   */
  async validateJwtSvid(token: string, audience: string, options?: CallOptions): Promise<JwtSvid> {
    if (token === '' || audience === '') throw new TypeError('expected a token and an audience');
    return await this.#calls.call(validation(token, audience), options);
  }

  /**
   * Each new X.509 context, reconnecting until the loop is left. A slow reader skips to the newest.
   *
   * @throws SpiffeError `ERR_SPIFFE_WORKLOAD_API` for a status that must not be retried, `ERR_SPIFFE_CLOSED`;
   * `signal.reason`.
   */
  watchX509Context(options?: WatchOptions): AsyncGenerator<X509Context, void, undefined> {
    return this.#calls.watch(x509Context, options);
  }

  /** Each new set of X.509 bundles. As `watchX509Context`. */
  watchX509Bundles(options?: WatchOptions): AsyncGenerator<X509BundleSet, void, undefined> {
    return this.#calls.watch(x509Bundles, options);
  }

  /** Each new set of JWT bundles. As `watchX509Context`. */
  watchJwtBundles(options?: WatchOptions): AsyncGenerator<JwtBundleSet, void, undefined> {
    return this.#calls.watch(jwtBundles, options);
  }

  /**
   * The push form of `watchX509Context`: `onUpdate` and `onError` are called in the order in which things happened.
   * Rejects when the watch ends, also with what `onUpdate` throws.
   */
  followX509Context(onUpdate: (context: X509Context) => void, options?: WatchOptions): Promise<never> {
    return this.#calls.follow(x509Context, onUpdate, options);
  }

  /** The push form of `watchX509Bundles`. As `followX509Context`. */
  followX509Bundles(onUpdate: (bundles: X509BundleSet) => void, options?: WatchOptions): Promise<never> {
    return this.#calls.follow(x509Bundles, onUpdate, options);
  }

  /** The push form of `watchJwtBundles`. As `followX509Context`. */
  followJwtBundles(onUpdate: (bundles: JwtBundleSet) => void, options?: WatchOptions): Promise<never> {
    return this.#calls.follow(jwtBundles, onUpdate, options);
  }

  /** Ends every call and the connection. */
  close(): Promise<void> {
    this.#channel.close();
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** What `params` ask for, as the Workload API takes it: audiences in the order given, each unchanged. */
export function requestOf({ audience, subject }: JwtSvidParams): JwtSvidRequest {
  return {
    audience: audiences(audience),
    subject: typeof subject === 'string' ? SpiffeId.parse(subject) : subject,
  };
}
