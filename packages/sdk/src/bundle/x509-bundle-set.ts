// X.509 bundles by trust domain, and what verification asks of whoever holds them.
import type { TrustDomain } from '../spiffeid/index.js';
import { BundleSet } from './bundle-set.js';
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

/** An immutable set of X.509 bundles, one a trust domain. */
export class X509BundleSet extends BundleSet<X509Bundle> implements X509BundleSource {
  /** Of two bundles of one trust domain the last is held. */
  static of(...bundles: readonly X509Bundle[]): X509BundleSet {
    return new X509BundleSet(bundles);
  }

  /** @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE` */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.held(trustDomain, 'X.509');
  }

  /** A set that holds this bundle too, in place of the one of the same trust domain. */
  with(bundle: X509Bundle): X509BundleSet {
    return new X509BundleSet([...this.bundles, bundle]);
  }

  /** A set that holds nothing for this trust domain. */
  without(trustDomain: TrustDomain): X509BundleSet {
    return new X509BundleSet(this.others(trustDomain));
  }
}
