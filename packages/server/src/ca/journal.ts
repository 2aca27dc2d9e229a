// The server's own record of its authorities in the datastore: which is in which slot, with which status. Several
// servers of a trust domain share a datastore, each with its own keys: a server knows its record by its keys.
import { subjectKeyId } from '@credence/sdk/keys';
import type { Logger } from '@credence/sdk/runtime';
import { Certificate } from '@credence/sdk/x509';
import type { JournalRecord, JournalStore } from '../datastore/journal-store.js';
import { decodeJournal, encodeJournal, type JournalSlot, type JournalTable } from './journal-form.js';
import { Turns } from './turns.js';

const pruneAfterMs = 14 * 24 * 60 * 60 * 1000;

/** The kind whose authority identifies the record; it is recorded before any other. */
export const x509KindName = 'x509-CA';

/** One server's journal. */
export class AuthorityJournal {
  readonly #store: JournalStore;
  #id: number | undefined;
  #table: JournalTable;
  readonly #turns = new Turns();

  private constructor(store: JournalStore, record: JournalRecord | undefined) {
    this.#store = store;
    this.#id = record?.id;
    this.#table = record === undefined ? {} : decodeJournal(record);
  }

  /**
   * Finds the record of the server that holds the keys with these subject key IDs (lower-case hex); without one the
   * journal begins empty.
   *
   * @throws `ERR_DATASTORE_UNUSABLE`: the record is this server's and does not parse.
   */
  static async open(store: JournalStore, subjectKeyIds: ReadonlySet<string>): Promise<AuthorityJournal> {
    const own = (await store.list()).filter((record) => subjectKeyIds.has(record.activeX509AuthorityId));
    return new AuthorityJournal(store, own.at(-1));
  }

  slotsOf(kindName: string): readonly JournalSlot[] {
    return this.#table[kindName] ?? [];
  }

  /** Replaces what is kept of one kind. When it rejects, what was kept before still is. */
  record(kindName: string, slots: readonly JournalSlot[]): Promise<void> {
    return this.#turns.take(() => this.#write({ ...this.#table, [kindName]: slots }));
  }

  /** Deletes the records of servers that are gone: everything in them expired 14 days ago. */
  async prune(now: Date, log: Logger): Promise<void> {
    const horizon = now.getTime() - pruneAfterMs;
    for (const record of await this.#store.list()) {
      if (record.id === this.#id || lastExpiry(record) > horizon) continue;
      await this.#store.delete(record.id);
      log.info({ journal: record.id, authority: record.activeX509AuthorityId }, 'pruned the journal of another server');
    }
  }

  async #write(table: JournalTable): Promise<void> {
    this.#id = await this.#store.save({
      id: this.#id,
      activeX509AuthorityId: identifyingAuthority(table),
      data: encodeJournal(table),
    });
    this.#table = table;
  }
}

/**
 * Before the first activation there is only the prepared authority to know the record by. Worked out from its key: an
 * upstream authority may write any key ID into a certificate.
 */
function identifyingAuthority(table: JournalTable): string {
  const slots = table[x509KindName] ?? [];
  const slot = slots.find(({ status }) => status === 'active') ?? slots.find(({ status }) => status === 'prepared');
  if (slot === undefined) return '';
  return subjectKeyId(Certificate.parse(slot.authority.published).publicKeyInfo).toString('hex');
}

/** Unreadable is not expired: a newer version may have written it. */
function lastExpiry(record: JournalRecord): number {
  try {
    const slots = Object.values(decodeJournal(record)).flat();
    return Math.max(0, ...slots.map(({ authority }) => authority.expiresAt.getTime()));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
