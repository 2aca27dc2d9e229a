// The live bundles of the Workload API, X.509 and JWT, for a process that verifies others and needs no identity itself.
import { SpiffeBundle, SpiffeBundleSet } from '../bundle/index.js';
import type {
  JwtBundle,
  JwtBundleSet,
  JwtBundleSource,
  SpiffeBundleSource,
  X509Bundle,
  X509BundleSet,
  X509BundleSource,
} from '../bundle/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import { Source, type SourceOptions, type SourceStream } from './source.js';

/** A source of the bundles of every trust domain that the Workload API knows. */
export class BundleSource
  extends Source<SpiffeBundleSet>
  implements X509BundleSource, JwtBundleSource, SpiffeBundleSource
{
  #x509: X509BundleSet | undefined;
  #jwt: JwtBundleSet | undefined;

  private constructor(options: SourceOptions) {
    super('bundle source', options);
  }

  /** Resolves with the first valid update of both kinds. As `X509Source.create`. */
  static async create(options: SourceOptions = {}): Promise<BundleSource> {
    options.signal?.throwIfAborted();
    const source = new BundleSource(options);
    return await source.start([source.#x509Stream, source.#jwtStream], options);
  }

  /**
   * Everything held. A trust domain with bundles of one kind alone is there with nothing of the other.
   *
   * @throws SpiffeError `ERR_SPIFFE_CLOSED`, `ERR_SPIFFE_NO_IDENTITY` after a revocation.
   */
  get bundleSet(): SpiffeBundleSet {
    return this.current;
  }

  /** The X.509 bundles held, as TLS takes them. Throws as `bundleSet`. */
  get bundles(): readonly X509Bundle[] {
    return this.current.bundles.map(({ x509 }) => x509);
  }

  /** Throws as `bundleSet`, and `ERR_SPIFFE_NO_BUNDLE`. */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.current.getX509BundleForTrustDomain(trustDomain);
  }

  /** Throws as `bundleSet`, and `ERR_SPIFFE_NO_BUNDLE`. */
  getJwtBundleForTrustDomain(trustDomain: TrustDomain): JwtBundle {
    return this.current.getJwtBundleForTrustDomain(trustDomain);
  }

  /** Throws as `bundleSet`, and `ERR_SPIFFE_NO_BUNDLE`. */
  getSpiffeBundleForTrustDomain(trustDomain: TrustDomain): SpiffeBundle {
    return this.current.getSpiffeBundleForTrustDomain(trustDomain);
  }

  readonly #x509Stream: SourceStream = {
    follow: (client, { updated, failed, signal }) => {
      const update = (bundles: X509BundleSet): void => {
        this.#x509 = bundles;
        updated();
        this.#combine();
      };
      return client.followX509Bundles(update, { signal, onError: failed });
    },
    forget: () => {
      this.#x509 = undefined;
    },
  };

  readonly #jwtStream: SourceStream = {
    follow: (client, { updated, failed, signal }) => {
      const update = (bundles: JwtBundleSet): void => {
        this.#jwt = bundles;
        updated();
        this.#combine();
      };
      return client.followJwtBundles(update, { signal, onError: failed });
    },
    forget: () => {
      this.#jwt = undefined;
    },
  };

  #combine(): void {
    const [x509, jwt] = [this.#x509, this.#jwt];
    if (x509 !== undefined && jwt !== undefined) this.set(combined(x509, jwt));
  }
}

function combined(x509: X509BundleSet, jwt: JwtBundleSet): SpiffeBundleSet {
  const domains = [...x509.bundles, ...jwt.bundles].map(({ trustDomain }) => trustDomain);
  const unique = new Map(domains.map((trustDomain) => [trustDomain.name, trustDomain]));
  return SpiffeBundleSet.of(
    ...[...unique.values()].map((trustDomain) =>
      SpiffeBundle.of({ trustDomain, x509: x509.get(trustDomain), jwt: jwt.get(trustDomain) }),
    ),
  );
}
