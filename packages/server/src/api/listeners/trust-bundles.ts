// The bundles that callers are verified against, at hand for handshakes, which cannot wait for the datastore: our own
// trust domain's, and those of foreign administrators.
import { EventEmitter } from 'node:events';
import { X509Bundle, X509BundleSet } from '@credence/sdk/bundle';
import type { TrustDomain } from '@credence/sdk/spiffeid';
import type { TrustedBundles } from '@credence/sdk/tls';
import { Certificate } from '@credence/sdk/x509';
import type { BundleStore } from '../../datastore/bundle-store.js';
import type { ChangeLog } from '../../datastore/change-log.js';
import type { TrustBundle } from '../../domain/trust-bundle.js';

export interface TrustBundlesOptions {
  readonly bundles: Pick<BundleStore, 'get'>;
  readonly changes: Pick<ChangeLog, 'since' | 'last' | 'onCommit'>;
  readonly trustDomains: readonly TrustDomain[];
}

const changesPerRead = 1000;

/** Emits `update` when a bundle has changed. */
export class TrustBundles extends EventEmitter<{ update: [] }> implements TrustedBundles {
  readonly #options: TrustBundlesOptions;
  #set = X509BundleSet.of();
  #seen = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: TrustBundlesOptions) {
    super();
    this.#options = options;
  }

  get bundles(): readonly X509Bundle[] {
    return this.#set.bundles;
  }

  getX509BundleForTrustDomain(trustDomain: TrustDomain): X509Bundle {
    return this.#set.getX509BundleForTrustDomain(trustDomain);
  }

  /** Reads the bundles, and again after each commit that changed one, until the signal. @throws `ERR_DATASTORE` */
  async start(signal: AbortSignal): Promise<void> {
    const { changes } = this.#options;
    this.#seen = await changes.last();
    const unsubscribe = changes.onCommit(() => this.#follow());
    signal.addEventListener('abort', unsubscribe, { once: true });
    await this.#load();
  }

  #follow(): Promise<void> {
    // After a failure the next commit reads on from the same place.
    this.#tail = this.#tail.catch(() => undefined).then(() => this.#readOn());
    return this.#tail;
  }

  async #readOn(): Promise<void> {
    let seen = this.#seen;
    let changed = false;
    for (;;) {
      const changes = await this.#options.changes.since(seen, changesPerRead);
      changed ||= changes.some(({ noun }) => noun === 'bundle');
      seen = changes.at(-1)?.id ?? seen;
      if (changes.length < changesPerRead) break;
    }
    if (changed) await this.#load();
    this.#seen = seen;
  }

  async #load(): Promise<void> {
    const { bundles, trustDomains } = this.#options;
    const stored = await Promise.all(trustDomains.map((trustDomain) => bundles.get(trustDomain)));
    const next = X509BundleSet.of(...stored.flatMap((bundle) => (bundle === undefined ? [] : [x509BundleOf(bundle)])));
    if (next.equals(this.#set)) return;
    this.#set = next;
    this.emit('update');
  }
}

/** Tainted authorities verify until they are revoked: their SVIDs are still being replaced. */
function x509BundleOf({ trustDomain, x509Authorities }: TrustBundle): X509Bundle {
  const certificates = x509Authorities.map(({ certificate }) => Certificate.parse(certificate));
  return X509Bundle.fromCertificates(trustDomain, certificates);
}
