// Bundles by trust domain, and what verification asks of whoever holds them.
import { sdkError } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import type { X509Bundle } from './x509-bundle.js';

/** Whoever knows the authorities of trust domains. */
export interface X509BundleSource {
  /**
   * The bundle of exactly this trust domain.
   *
   * @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE`
   */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle;
}

/** An immutable set of bundles, one a trust domain. */
export class X509BundleSet implements X509BundleSource {
  // A Map: "constructor" and "__proto__" are trust domain names like any other.
  readonly #bundles: ReadonlyMap<string, X509Bundle>;

  private constructor(bundles: ReadonlyMap<string, X509Bundle>) {
    this.#bundles = bundles;
  }

  /** Of two bundles of one trust domain the last is held. */
  static of(...bundles: readonly X509Bundle[]): X509BundleSet {
    return new X509BundleSet(new Map(bundles.map((bundle) => [bundle.trustDomain.name, bundle])));
  }

  /** In the order in which they were given. */
  get bundles(): readonly X509Bundle[] {
    return [...this.#bundles.values()];
  }

  get(trustDomain: TrustDomain): X509Bundle | undefined {
    return this.#bundles.get(trustDomain.name);
  }

  has(trustDomain: TrustDomain): boolean {
    return this.#bundles.has(trustDomain.name);
  }

  /** @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE` */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    const bundle = this.get(trustDomain);
    if (bundle === undefined) {
      throw sdkError('ERR_SPIFFE_NO_BUNDLE', `no X.509 bundle is held for the trust domain ${trustDomain.name}`);
    }
    return bundle;
  }

  /** A set that holds this bundle too, in place of the one of the same trust domain. */
  with(bundle: X509Bundle): X509BundleSet {
    return X509BundleSet.of(...this.bundles, bundle);
  }

  /** A set that holds nothing for this trust domain. */
  without(trustDomain: TrustDomain): X509BundleSet {
    return X509BundleSet.of(...this.bundles.filter((bundle) => !bundle.trustDomain.equals(trustDomain)));
  }

  /** Whether both hold equal bundles. */
  equals(other: X509BundleSet): boolean {
    return (
      this.#bundles.size === other.#bundles.size &&
      this.bundles.every((bundle) => other.get(bundle.trustDomain)?.equals(bundle) === true)
    );
  }
}
