// The bundles that this agent knows: its own trust domain's and those that its entries federate with.
import { isDeepStrictEqual } from 'node:util';
import type { TrustDomain } from '@credence/sdk';
import { Latest } from '@credence/sdk/runtime';
import type { TrustBundle, TrustedBundles } from '../domain/workload-identity.js';

/** What one fetch of bundles found. */
export interface Bundles {
  readonly own: TrustBundle;
  /** By trust domain name; one that the server does not have is missing. */
  readonly federated: ReadonlyMap<string, TrustBundle>;
}

export interface BundleChanges {
  readonly own: boolean;
  /** Names of trust domains whose bundle came, changed or went. */
  readonly federated: ReadonlySet<string>;
}

export const noBundleChanges: BundleChanges = { own: false, federated: new Set() };

/** Bundles by trust domain. An unchanged bundle stays the same object. */
export class BundleCache {
  #own: TrustBundle;
  #federated: ReadonlyMap<string, TrustBundle> = new Map();
  readonly #all: Latest<TrustedBundles>;

  constructor(own: TrustBundle) {
    this.#own = own;
    this.#all = new Latest<TrustedBundles>({ bundle: own, federatedBundles: this.#federated });
  }

  /** All bundles, now and after each change, newest wins. Throws `signal.reason`. */
  watch(signal: AbortSignal): AsyncIterable<TrustedBundles> {
    return this.#all.watch({ signal });
  }

  get own(): TrustBundle {
    return this.#own;
  }

  /** @returns undefined while the server has no bundle for the trust domain. */
  federated(trustDomain: TrustDomain): TrustBundle | undefined {
    return this.#federated.get(trustDomain.name);
  }

  get allFederated(): readonly TrustBundle[] {
    return [...this.#federated.values()];
  }

  replace(bundles: Bundles): BundleChanges {
    const own = !isSameBundle(this.#own, bundles.own);
    if (own) this.#own = bundles.own;
    const before = this.#federated;
    const after = new Map<string, TrustBundle>();
    const changed = new Set([...before.keys()].filter((name) => !bundles.federated.has(name)));
    for (const [name, bundle] of bundles.federated) {
      const old = before.get(name);
      const unchanged = old !== undefined && isSameBundle(old, bundle);
      after.set(name, unchanged ? old : bundle);
      if (!unchanged) changed.add(name);
    }
    this.#federated = after;
    if (own || changed.size > 0) this.#all.set({ bundle: this.#own, federatedBundles: after });
    return { own, federated: changed };
  }
}

function isSameBundle(a: TrustBundle, b: TrustBundle): boolean {
  return (
    isDeepStrictEqual(a.x509Authorities, b.x509Authorities) &&
    a.jwtBundle.equals(b.jwtBundle) &&
    isDeepStrictEqual(a.taintedJwtKeyIds, b.taintedJwtKeyIds) &&
    a.refreshHintSeconds === b.refreshHintSeconds &&
    a.sequenceNumber === b.sequenceNumber
  );
}
