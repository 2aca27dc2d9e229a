// What each set of selectors is entitled to, as a stream of complete snapshots. A workload that has an identity never
// sees a gap while its replacement is being issued, and is told of a new identity only together with its SVID.
import { Latest } from '@credence/sdk/runtime';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import type { Selector } from '../domain/selector.js';
import type { TrustBundle, TrustedBundles, WorkloadSnapshot } from '../domain/workload-identity.js';
import type { BundleCache, BundleChanges } from './bundle-cache.js';
import type { EntryCache } from './entry-cache.js';
import { satisfies, selectorSet, type SelectorSet } from './selector-index.js';
import type { SvidCache } from './svid-cache.js';

export interface SubscriptionsOptions {
  readonly entries: EntryCache;
  readonly svids: SvidCache;
  readonly bundles: BundleCache;
  /** Somebody waits for an SVID that is not held. */
  readonly onMissing: () => void;
}

/** What happened to the caches since the last notification. */
export interface CacheChanges {
  /** Entries that came, went, changed (as they were and as they are), or got a new SVID. */
  readonly entries: readonly AuthorizedEntry[];
  readonly bundles: BundleChanges;
}

interface View {
  readonly snapshot: WorkloadSnapshot;
  /** Matching entries that have no SVID to serve yet. */
  readonly pending: number;
}

/** All open streams of one set of selectors. */
interface Group {
  readonly key: string;
  readonly selectors: SelectorSet;
  readonly view: Latest<View>;
  readers: number;
}

/** The read side of the caches. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
  }

  /** The entries of this moment, ascending by ID, whether or not an X.509-SVID is held. */
  entitlements(selectors: readonly Selector[]): readonly AuthorizedEntry[] {
    return this.#options.entries.match(selectorSet(selectors));
  }

  /** The bundles of this moment, by the entries: nobody waits for an SVID here. */
  trusted(selectors: readonly Selector[]): TrustedBundles {
    const federatedBundles = this.#federatedBundles(this.entitlements(selectors));
    return { bundle: this.#options.bundles.own, federatedBundles };
  }

  /**
   * First value: as soon as every matching entry has an SVID (none matching: at once, with no identities). Then each
   * change, the newest only. Ends by throwing `signal.reason`.
   */
  async *watch(selectors: readonly Selector[], signal: AbortSignal): AsyncGenerator<WorkloadSnapshot, void, undefined> {
    const group = this.#join(selectorSet(selectors));
    try {
      let shown: WorkloadSnapshot | undefined;
      for await (const { snapshot, pending } of group.view.watch({ signal })) {
        const complete = pending === 0;
        const worthShowing = shown === undefined ? complete : complete || snapshot.identities.length > 0;
        if (!worthShowing || (shown !== undefined && isSameSnapshot(shown, snapshot))) continue;
        shown = snapshot;
        yield snapshot;
      }
    } finally {
      this.#leave(group);
    }
  }

  /** Whether an open stream is entitled to the entry. */
  wants(entry: AuthorizedEntry): boolean {
    for (const { selectors } of this.#groups.values()) if (satisfies(selectors, entry)) return true;
    return false;
  }

  /** IDs of the entries that open streams are entitled to. */
  wanted(): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const { selectors } of this.#groups.values()) {
      for (const { id } of this.#options.entries.match(selectors)) ids.add(id);
    }
    return ids;
  }

  /** Brings the streams that the changes concern up to date. */
  notify({ entries, bundles }: CacheChanges): void {
    for (const { selectors, view } of this.#groups.values()) {
      const concerned =
        bundles.own ||
        // What had expired may be alive again: a clock that was wrong was set right.
        view.value.pending > 0 ||
        entries.some((entry) => satisfies(selectors, entry)) ||
        federatesWithAny(view.value.snapshot, bundles.federated);
      if (concerned) refresh(view, this.#view(selectors));
    }
  }

  #join(selectors: SelectorSet): Group {
    const key = JSON.stringify([...selectors].sort());
    const view = this.#view(selectors);
    const group = this.#groups.get(key) ?? { key, selectors, view: new Latest(view), readers: 0 };
    this.#groups.set(key, group);
    group.readers++;
    refresh(group.view, view); // an SVID may have expired since
    for (const { id } of this.#options.entries.match(selectors)) this.#options.svids.use(id);
    if (view.pending > 0) this.#options.onMissing();
    return group;
  }

  #leave(group: Group): void {
    group.readers--;
    if (group.readers === 0) this.#groups.delete(group.key);
  }

  #view(selectors: SelectorSet): View {
    const { entries, svids, bundles } = this.#options;
    const matching = entries.match(selectors);
    const identities = matching.map((entry) => svids.identity(entry)).filter((identity) => identity !== undefined);
    const federatedBundles = this.#federatedBundles(identities);
    return {
      snapshot: { identities, bundle: bundles.own, federatedBundles },
      pending: matching.length - identities.length,
    };
  }

  #federatedBundles(identities: readonly Pick<AuthorizedEntry, 'federatesWith'>[]): ReadonlyMap<string, TrustBundle> {
    const found = new Map<string, TrustBundle>();
    for (const trustDomain of identities.flatMap(({ federatesWith }) => federatesWith)) {
      const bundle = this.#options.bundles.federated(trustDomain);
      if (bundle !== undefined) found.set(trustDomain.name, bundle);
    }
    return found;
  }
}

function refresh(view: Latest<View>, next: View): void {
  const { snapshot, pending } = view.value;
  if (pending !== next.pending || !isSameSnapshot(snapshot, next.snapshot)) view.set(next);
}

function federatesWithAny(snapshot: WorkloadSnapshot, trustDomains: ReadonlySet<string>): boolean {
  if (trustDomains.size === 0) return false;
  return snapshot.identities.some(({ federatesWith }) => federatesWith.some(({ name }) => trustDomains.has(name)));
}

// Identities and bundles that did not change are the same objects.
function isSameSnapshot(a: WorkloadSnapshot, b: WorkloadSnapshot): boolean {
  return (
    a.bundle === b.bundle &&
    a.identities.length === b.identities.length &&
    a.identities.every((identity, index) => identity === b.identities[index]) &&
    a.federatedBundles.size === b.federatedBundles.size &&
    [...a.federatedBundles].every(([name, bundle]) => b.federatedBundles.get(name) === bundle)
  );
}
