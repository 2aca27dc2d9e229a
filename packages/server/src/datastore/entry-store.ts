import type { EntryFilter, EntryPatch, NewEntry, RegistrationEntry } from '../domain/registration-entry.js';
import type { Page, PageRequest } from './page.js';

/** Two entries are similar when parent, SPIFFE ID and the set of selectors are equal. */
export type CreateOutcome =
  | { readonly kind: 'created'; readonly entry: RegistrationEntry }
  | { readonly kind: 'similar'; readonly entry: RegistrationEntry };

/** Throws what forbids an entry. */
export type CheckEntry = (entry: RegistrationEntry) => void;

/** Registration entries. Every write appends to the change log in the same transaction. */
export interface EntryStore {
  /**
   * `createdAt` is later than that of any deleted entry with the same ID, even within one second.
   *
   * @throws `ERR_ENTRY_EXISTS`, `ERR_BUNDLE_NOT_FOUND` (a federated trust domain without a bundle)
   */
  create(entry: NewEntry): Promise<CreateOutcome>;
  /**
   * Adds one to the revision, even when nothing differs. `check` sees the entry as it would be, within the transaction.
   *
   * @throws `ERR_ENTRY_NOT_FOUND`, `ERR_ENTRY_EXISTS` (a selector or DNS name twice), `ERR_BUNDLE_NOT_FOUND`, and what
   *   `check` throws
   */
  update(id: string, patch: EntryPatch, check?: CheckEntry): Promise<RegistrationEntry>;
  /** @throws `ERR_ENTRY_NOT_FOUND` */
  delete(id: string): Promise<void>;
  get(id: string): Promise<RegistrationEntry | undefined>;
  /** Those that are there, in no order. */
  getMany(ids: readonly string[]): Promise<readonly RegistrationEntry[]>;
  list(filter: EntryFilter, page: PageRequest): Promise<Page<RegistrationEntry>>;
  count(filter: EntryFilter): Promise<number>;
  /** Everything, in batches, for the entry graph. */
  all(): AsyncIterable<readonly RegistrationEntry[]>;
  /** Deletes up to `limit` entries that expired before `now`; answers their IDs. */
  pruneExpired(now: Date, limit: number): Promise<readonly string[]>;
}
