// The administration of registration entries: the rules, then the datastore.
import type { Random } from '@credence/sdk/runtime';
import type { CreateOutcome, EntryStore } from '../datastore/entry-store.js';
import type { Page, PageRequest } from '../datastore/page.js';
import type { EntryFilter, EntryPatch, NewEntry, RegistrationEntry } from '../domain/registration-entry.js';
import { randomUuid } from '../domain/uuid.js';
import type { Entries } from './ports.js';
import { checkCreatable, checkStorable } from './storage-rules.js';

export interface StoredEntriesOptions {
  readonly store: Omit<EntryStore, 'all' | 'getMany' | 'pruneExpired'>;
  readonly random: Random;
}

export class StoredEntries implements Entries {
  readonly #store: StoredEntriesOptions['store'];
  readonly #random: Random;

  constructor({ store, random }: StoredEntriesOptions) {
    this.#store = store;
    this.#random = random;
  }

  async create(entry: NewEntry): Promise<CreateOutcome> {
    checkCreatable(entry);
    return this.#store.create(entry.id === '' ? { ...entry, id: randomUuid(this.#random) } : entry);
  }

  update(id: string, patch: EntryPatch): Promise<RegistrationEntry> {
    return this.#store.update(id, patch, checkStorable);
  }

  delete(id: string): Promise<void> {
    return this.#store.delete(id);
  }

  get(id: string): Promise<RegistrationEntry | undefined> {
    return this.#store.get(id);
  }

  list(filter: EntryFilter, page: PageRequest): Promise<Page<RegistrationEntry>> {
    return this.#store.list(filter, page);
  }

  count(filter: EntryFilter): Promise<number> {
    return this.#store.count(filter);
  }
}
