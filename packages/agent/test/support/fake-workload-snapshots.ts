// The identity room as the endpoints see it: whatever the test says, at once.
import { JwtBundle, SpiffeId, TrustDomain } from '@credence/sdk';
import { Latest } from '@credence/sdk/runtime';
import type { AuthorizedEntry } from '../../dist/domain/authorized-entry.js';
import type { Selector } from '../../dist/domain/selector.js';
import type {
  TrustBundle,
  TrustedBundles,
  WorkloadIdentity,
  WorkloadSnapshot,
} from '../../dist/domain/workload-identity.js';
import type { WorkloadSnapshots } from '../../dist/endpoints/ports.js';

export class FakeWorkloadSnapshots implements WorkloadSnapshots {
  readonly #latest: Latest<WorkloadSnapshot>;
  /** The selectors of each watch, in the order in which they began. */
  readonly watched: (readonly Selector[])[] = [];
  entries: readonly AuthorizedEntry[] = [];
  /** Watches that have not ended. */
  open = 0;
  /** Snapshots that readers have taken, all together. */
  taken = 0;

  constructor(first: WorkloadSnapshot) {
    this.#latest = new Latest(first);
  }

  set(snapshot: WorkloadSnapshot): void {
    this.#latest.set(snapshot);
  }

  end(failure?: Error): void {
    this.#latest.end(failure);
  }

  async *watch(selectors: readonly Selector[], signal: AbortSignal): AsyncGenerator<WorkloadSnapshot> {
    this.watched.push(selectors);
    this.open++;
    try {
      for await (const snapshot of this.#latest.watch({ signal })) {
        this.taken++;
        yield snapshot;
      }
    } finally {
      this.open--;
    }
  }

  entitlements(): readonly AuthorizedEntry[] {
    return this.entries;
  }

  trusted(): TrustedBundles {
    return this.#latest.value;
  }
}

export function trustBundle(name: string, ...authorities: readonly string[]): TrustBundle {
  return {
    trustDomain: TrustDomain.parse(name),
    x509Authorities: authorities.map((authority) => ({ certificate: Buffer.from(authority), tainted: false })),
    jwtBundle: JwtBundle.fromAuthorities(TrustDomain.parse(name), []),
    taintedJwtKeyIds: new Set(),
    refreshHintSeconds: 0,
    sequenceNumber: 1n,
  };
}

/** An identity whose certificate and key are texts, made from its entry ID. */
export function identity(
  entryId: string,
  options: { path?: string; hint?: string; createdAt?: number } = {},
): WorkloadIdentity {
  const { path = `/${entryId}`, hint = '', createdAt = 0 } = options;
  return {
    entryId,
    spiffeId: SpiffeId.parse(`spiffe://example.org${path}`),
    hint,
    createdAt: new Date(createdAt),
    federatesWith: [],
    svid: {
      chain: [Buffer.from(`leaf ${entryId},`), Buffer.from('intermediate')],
      privateKey: Buffer.from(`key ${entryId}`),
      notBefore: new Date(0),
      expiresAt: new Date(3_600_000),
    },
  };
}

export function snapshot(
  identities: readonly WorkloadIdentity[],
  options: { bundle?: TrustBundle; federated?: readonly TrustBundle[] } = {},
): WorkloadSnapshot {
  const { bundle = trustBundle('example.org', 'root'), federated = [] } = options;
  const federatedBundles = new Map(federated.map((foreign) => [foreign.trustDomain.name, foreign]));
  return { identities, bundle, federatedBundles };
}
