// What the sets of all kinds of bundles have in common: one bundle a trust domain, never merged.
import { sdkError } from '../runtime/index.js';
import type { TrustDomain } from '../spiffeid/index.js';

interface Bundle<B> {
  readonly trustDomain: TrustDomain;
  equals(other: B): boolean;
}

/** An immutable set of bundles, one a trust domain. */
export abstract class BundleSet<B extends Bundle<B>> {
  // A Map: "constructor" and "__proto__" are trust domain names like any other.
  readonly #bundles: ReadonlyMap<string, B>;

  /** Of two bundles of one trust domain the last is held. */
  protected constructor(bundles: Iterable<B>) {
    this.#bundles = new Map([...bundles].map((bundle) => [bundle.trustDomain.name, bundle]));
  }

  /** In the order in which they were given. */
  get bundles(): readonly B[] {
    return [...this.#bundles.values()];
  }

  get(trustDomain: TrustDomain): B | undefined {
    return this.#bundles.get(trustDomain.name);
  }

  has(trustDomain: TrustDomain): boolean {
    return this.#bundles.has(trustDomain.name);
  }

  /** Whether both hold equal bundles. */
  equals(other: BundleSet<B>): boolean {
    return (
      this.#bundles.size === other.bundles.length &&
      this.bundles.every((bundle) => other.get(bundle.trustDomain)?.equals(bundle) === true)
    );
  }

  protected others(trustDomain: TrustDomain): readonly B[] {
    return this.bundles.filter((bundle) => !bundle.trustDomain.equals(trustDomain));
  }

  /** @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE` */
  protected held(trustDomain: TrustDomain, kind: string): B {
    const bundle = this.get(trustDomain);
    if (bundle !== undefined) return bundle;
    throw sdkError('ERR_SPIFFE_NO_BUNDLE', `no ${kind} bundle is held for the trust domain ${trustDomain.name}`);
  }
}
