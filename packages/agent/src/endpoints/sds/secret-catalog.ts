// Which secrets a caller may have, and by which names: its own certificates, and the bundles that it may judge others by.
import type { TrustBundle, WorkloadIdentity, WorkloadSnapshot } from '../../domain/workload-identity.js';
import { federated } from '../workload/x509-messages.js';
import type { SdsRules } from './rules.js';

export type Secret = CertificateSecret | BundleSecret | AllBundlesSecret;

export interface CertificateSecret {
  readonly kind: 'certificate';
  readonly name: string;
  readonly identity: WorkloadIdentity;
}

export interface BundleSecret {
  readonly kind: 'bundle';
  readonly name: string;
  readonly bundle: TrustBundle;
}

/** The own bundle and the foreign ones, by trust domain name. Each is for the members of its trust domain alone. */
export interface AllBundlesSecret {
  readonly kind: 'all-bundles';
  readonly name: string;
  readonly bundles: readonly TrustBundle[];
}

export class SecretCatalog {
  readonly #named = new Map<string, Secret>();
  readonly #rules: SdsRules;

  /** @param bundlesForEverybody whether a caller without an identity may have the own trust domain's bundle. */
  constructor(snapshot: WorkloadSnapshot, rules: SdsRules, bundlesForEverybody: boolean) {
    const { identities, bundle } = snapshot;
    const bundles = identities.length > 0 || bundlesForEverybody ? [bundle, ...federated(snapshot)] : [];
    for (const one of bundles) this.#add({ kind: 'bundle', name: one.trustDomain.id.toString(), bundle: one });
    for (const one of identities) this.#add({ kind: 'certificate', name: one.spiffeId.toString(), identity: one });
    this.all = [...this.#named.values()];
    this.#rules = rules;
    this.#addAliases(bundles, identities[0]);
  }

  /** Everything, once and by its SPIFFE ID: who asks for no name is sent these. */
  readonly all: readonly Secret[];

  /** Those of the names that are there; without names everything. */
  select(names: ReadonlySet<string>): readonly Secret[] {
    if (names.size === 0) return this.all;
    return [...names].map((name) => this.#named.get(name)).filter((secret) => secret !== undefined);
  }

  /** Those of the names that the caller may not have. */
  missing(names: Iterable<string>): readonly string[] {
    return [...names].filter((name) => !this.#named.has(name));
  }

  /**
   * Those of the names that another name in the same request excludes, as in SPIRE: of the own trust domain's ID and the
   * two bundle aliases only the first is served, and of an identity's ID and the default's alias only the ID.
   */
  excluded(names: ReadonlySet<string>): readonly string[] {
    const { defaultSvidName, defaultBundleName, defaultAllBundlesName } = this.#rules;
    const own = this.all.find(({ kind }) => kind === 'bundle')?.name ?? defaultBundleName;
    const ofOwnBundle = new Set([own, defaultBundleName, defaultAllBundlesName]);
    const [, ...losers] = [...ofOwnBundle].filter((name) => names.has(name));
    const first = this.all.find(({ kind }) => kind === 'certificate')?.name;
    const alias = this.#named.get(defaultSvidName)?.kind === 'certificate';
    return alias && first !== undefined && names.has(first) && names.has(defaultSvidName)
      ? [...losers, defaultSvidName]
      : losers;
  }

  #addAliases([own, ...others]: readonly TrustBundle[], identity: WorkloadIdentity | undefined): void {
    const { defaultSvidName, defaultBundleName, defaultAllBundlesName } = this.#rules;
    if (own !== undefined) {
      const bundles = [own, ...others].sort((a, b) => (a.trustDomain.name < b.trustDomain.name ? -1 : 1));
      this.#add({ kind: 'bundle', name: defaultBundleName, bundle: own });
      this.#add({ kind: 'all-bundles', name: defaultAllBundlesName, bundles });
    }
    if (identity !== undefined) this.#add({ kind: 'certificate', name: defaultSvidName, identity });
  }

  // Of two entries with one SPIFFE ID the first is served; of two aliases with one name the bundle.
  #add(secret: Secret): void {
    if (!this.#named.has(secret.name)) this.#named.set(secret.name, secret);
  }
}
