// The stores that the certificate authority writes to, in memory. A hook before each write lets a test stop the server
// there.
import type { Authorities, BundleStore } from '../../../dist/datastore/bundle-store.js';
import type { JournalRecord, JournalStore } from '../../../dist/datastore/journal-store.js';
import type { TrustBundle } from '../../../dist/domain/trust-bundle.js';
import type { TrustDomain } from '@credence/sdk';

export type WriteHook = () => void | Promise<void>;

export class MemoryBundleStore implements BundleStore {
  readonly bundles = new Map<string, TrustBundle>();
  beforeWrite: WriteHook = () => undefined;

  get(trustDomain: TrustDomain): Promise<TrustBundle | undefined> {
    return Promise.resolve(this.bundles.get(trustDomain.name));
  }

  list(): Promise<readonly TrustBundle[]> {
    return Promise.resolve([...this.bundles.values()]);
  }

  async append(trustDomain: TrustDomain, added: Partial<Authorities>): Promise<TrustBundle> {
    await this.beforeWrite();
    const old = this.bundles.get(trustDomain.name);
    const known = old?.x509Authorities ?? [];
    const news = (added.x509Authorities ?? []).filter(
      ({ certificate }) => !known.some((authority) => authority.certificate.equals(certificate)),
    );
    const knownJwt = old?.jwtAuthorities ?? [];
    const newJwt = (added.jwtAuthorities ?? []).filter(({ keyId }) => !knownJwt.some((key) => key.keyId === keyId));
    if (old !== undefined && news.length + newJwt.length === 0) return old;
    return this.#put({
      trustDomain,
      refreshHintSeconds: 0,
      sequenceNumber: old === undefined ? 0n : old.sequenceNumber + 1n,
      x509Authorities: [...known, ...news],
      jwtAuthorities: [...knownJwt, ...newJwt],
    });
  }

  async replace(trustDomain: TrustDomain, change: (bundle: TrustBundle) => Authorities): Promise<TrustBundle> {
    await this.beforeWrite();
    const old = this.bundles.get(trustDomain.name);
    if (old === undefined) throw new Error('no bundle');
    const { x509Authorities, jwtAuthorities } = change(old);
    return this.#put({ ...old, x509Authorities, jwtAuthorities, sequenceNumber: old.sequenceNumber + 1n });
  }

  async setRefreshHint(trustDomain: TrustDomain, refreshHintSeconds: number): Promise<void> {
    await this.beforeWrite();
    const old = this.bundles.get(trustDomain.name);
    if (old === undefined) throw new Error('no bundle');
    this.#put({ ...old, refreshHintSeconds, sequenceNumber: old.sequenceNumber + 1n });
  }

  async set(bundle: TrustBundle): Promise<void> {
    await this.beforeWrite();
    this.#put(bundle);
  }

  #put(bundle: TrustBundle): TrustBundle {
    this.bundles.set(bundle.trustDomain.name, bundle);
    return bundle;
  }
}

export class MemoryJournalStore implements JournalStore {
  readonly records = new Map<number, JournalRecord>();
  beforeWrite: WriteHook = () => undefined;
  #next = 1;

  list(): Promise<readonly JournalRecord[]> {
    return Promise.resolve([...this.records.values()]);
  }

  async save(record: Omit<JournalRecord, 'id'> & { readonly id?: number | undefined }): Promise<number> {
    await this.beforeWrite();
    const id = record.id ?? this.#next++;
    this.records.set(id, { ...record, id });
    return id;
  }

  async delete(id: number): Promise<void> {
    await this.beforeWrite();
    this.records.delete(id);
  }
}
