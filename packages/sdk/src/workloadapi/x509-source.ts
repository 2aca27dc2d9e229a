// A live X.509-SVID and live bundles from the Workload API, for as long as the process runs. Getters are synchronous, so
// that they work inside a TLS handshake.
import type { X509Bundle, X509BundleSource } from '../bundle/index.js';
import type { SpiffeError } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import type { X509Svid, X509SvidSource } from '../svid/index.js';
import { Source, type SourceOptions, type SourceStream } from './source.js';
import { svidPicker, type SvidChoice } from './svid-choice.js';
import type { X509Context } from './x509-context.js';

export interface X509SourceOptions extends SourceOptions, SvidChoice {}

/** A source of the SVID and the bundles of this process. */
export class X509Source extends Source<X509Context> implements X509SvidSource, X509BundleSource {
  readonly #pick: (context: X509Context) => X509Svid;
  readonly #picked = new WeakMap<X509Context, X509Svid>();

  private constructor(options: X509SourceOptions) {
    super('x509 source', options);
    this.#pick = svidPicker(options);
  }

  /**
   * Resolves with the first valid update. `signal` and `timeoutMs` limit this call only.
   *
   * @throws SpiffeError `ERR_SPIFFE_ENDPOINT`, `ERR_SPIFFE_WORKLOAD_API` (a status that must not be retried, or no
   * valid update in time; the last failure is the `cause`); `signal.reason`.
   */
  static async create(options: X509SourceOptions = {}): Promise<X509Source> {
    options.signal?.throwIfAborted();
    const source = new X509Source(options);
    return await source.start([source.#stream], options);
  }

  /**
   * The newest update as a whole.
   *
   * @throws SpiffeError `ERR_SPIFFE_CLOSED`, `ERR_SPIFFE_NO_IDENTITY` after a revocation.
   */
  get context(): X509Context {
    return this.current;
  }

  /** Whether updates are coming in: false while the Workload API is away or denies, or has let the SVID expire. */
  override get healthy(): boolean {
    return super.healthy && this.clock.now() <= this.getX509Svid().expiresAt;
  }

  /** The chosen X.509-SVID. Throws as `context`. */
  getX509Svid(): X509Svid {
    const context = this.current;
    return this.#picked.get(context) ?? this.#pick(context);
  }

  /** Throws as `context`, and `ERR_SPIFFE_NO_BUNDLE`. */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.context.bundles.getX509BundleForTrustDomain(trustDomain);
  }

  /** Every bundle held. Throws as `context`. */
  get bundles(): readonly X509Bundle[] {
    return this.context.bundles.bundles;
  }

  readonly #stream: SourceStream = {
    follow: (client, { updated, failed, signal }) => {
      const update = (context: X509Context): void => {
        try {
          this.#picked.set(context, this.#pick(context));
        } catch (error) {
          failed(error as SpiffeError);
          return;
        }
        updated();
        this.set(context);
      };
      return client.followX509Context(update, { signal, onError: failed });
    },
    forget: () => undefined,
  };
}
