// JWT bundles by trust domain, and what verification asks of whoever holds them.
import type { TrustDomain } from '../spiffeid/index.js';
import { BundleSet } from './bundle-set.js';
import type { JwtBundle } from './jwt-bundle.js';

/** Whoever knows the JWT authorities of trust domains. */
export interface JwtBundleSource {
  /**
   * The bundle of exactly this trust domain.
   *
   * @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE`
   */
  getJwtBundleForTrustDomain(trustDomain: TrustDomain): JwtBundle;
}

/** An immutable set of JWT bundles, one a trust domain. */
export class JwtBundleSet extends BundleSet<JwtBundle> implements JwtBundleSource {
  /** Of two bundles of one trust domain the last is held. */
  static of(...bundles: readonly JwtBundle[]): JwtBundleSet {
    return new JwtBundleSet(bundles);
  }

  /** @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE` */
  getJwtBundleForTrustDomain(trustDomain: TrustDomain): JwtBundle {
    return this.held(trustDomain, 'JWT');
  }

  /** A set that holds this bundle too, in place of the one of the same trust domain. */
  with(bundle: JwtBundle): JwtBundleSet {
    return new JwtBundleSet([...this.bundles, bundle]);
  }

  /** A set that holds nothing for this trust domain. */
  without(trustDomain: TrustDomain): JwtBundleSet {
    return new JwtBundleSet(this.others(trustDomain));
  }
}
