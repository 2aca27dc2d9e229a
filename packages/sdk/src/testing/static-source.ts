// An X.509 source without a Workload API, for tests of programs that use one.
import { EventEmitter } from 'node:events';
import { X509BundleSet, type X509Bundle, type X509BundleSource } from '../bundle/index.js';
import type { TrustDomain } from '../spiffeid/index.js';
import type { X509Svid, X509SvidSource } from '../svid/index.js';

/** Holds what it was given last; `update` announces a change as X509Source does. */
export class StaticX509Source extends EventEmitter<{ update: [] }> implements X509SvidSource, X509BundleSource {
  #svid: X509Svid;
  #bundles: X509BundleSet;

  constructor(svid: X509Svid, bundles: readonly X509Bundle[]) {
    super();
    this.#svid = svid;
    this.#bundles = X509BundleSet.of(...bundles);
  }

  get bundles(): readonly X509Bundle[] {
    return this.#bundles.bundles;
  }

  getX509Svid(): X509Svid {
    return this.#svid;
  }

  /** @throws SpiffeError `ERR_SPIFFE_NO_BUNDLE` */
  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.#bundles.getX509BundleForTrustDomain(trustDomain);
  }

  /** Replaces the SVID, the bundles, or both. */
  update({ svid = this.#svid, bundles }: { svid?: X509Svid; bundles?: readonly X509Bundle[] }): void {
    this.#svid = svid;
    if (bundles !== undefined) this.#bundles = X509BundleSet.of(...bundles);
    this.emit('update');
  }
}
