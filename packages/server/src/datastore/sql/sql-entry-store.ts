// EntryStore over SQL.
import type { Expression, SqlBool } from 'kysely';
import type { Clock } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { EntryFilter, EntryPatch, NewEntry, RegistrationEntry } from '../../domain/registration-entry.js';
import { selectorKey } from '../../domain/selector.js';
import type { CheckEntry, CreateOutcome, EntryStore } from '../entry-store.js';
import type { Page, PageRequest } from '../page.js';
import { decodeEntry } from './entry-row.js';
import { insertEntry, noteDeleted, replaceEntry } from './entry-writes.js';
import { expressionBuilder } from './kysely.js';
import type { Schema } from './schema.js';
import type { SqlSession } from './session.js';
import { setMatches } from './set-match.js';
import { SqlRows } from './sql-rows.js';

export interface SqlStoreOptions {
  readonly session: SqlSession;
  readonly clock: Clock;
}

export class SqlEntryStore implements EntryStore {
  readonly #session: SqlSession;
  readonly #clock: Clock;
  readonly #rows: SqlRows<'entries', EntryFilter, RegistrationEntry>;

  constructor({ session, clock }: SqlStoreOptions) {
    this.#session = session;
    this.#clock = clock;
    this.#rows = new SqlRows({ session, table: 'entries', matches, decode: decodeEntry });
  }

  create(entry: NewEntry): Promise<CreateOutcome> {
    return this.#session.write((trx) => insertEntry(trx, entry, this.#clock.now()));
  }

  update(id: string, patch: EntryPatch, check?: CheckEntry): Promise<RegistrationEntry> {
    return this.#session.write(async (trx) => {
      const row = await trx.selectFrom('entries').selectAll().where('id', '=', id).executeTakeFirst();
      if (row === undefined) throw notFound(id);
      const old = decodeEntry(row);
      const entry = { ...old, ...patch, id, revisionNumber: old.revisionNumber + 1, createdAt: old.createdAt };
      check?.(entry);
      return replaceEntry(trx, row.row_id, entry, this.#clock.now());
    });
  }

  delete(id: string): Promise<void> {
    return this.#session.write(async (trx) => {
      const rows = await trx.deleteFrom('entries').where('id', '=', id).returning(['id', 'created_at']).execute();
      if (rows.length === 0) throw notFound(id);
      await noteDeleted(trx, rows, this.#clock.now());
    });
  }

  async get(id: string): Promise<RegistrationEntry | undefined> {
    const row = await this.#session.read((db) =>
      db.selectFrom('entries').selectAll().where('id', '=', id).executeTakeFirst(),
    );
    return row === undefined ? undefined : decodeEntry(row);
  }

  getMany(ids: readonly string[]): Promise<readonly RegistrationEntry[]> {
    return this.#rows.getMany(ids);
  }

  list(filter: EntryFilter, page: PageRequest): Promise<Page<RegistrationEntry>> {
    return this.#rows.list(filter, page);
  }

  count(filter: EntryFilter): Promise<number> {
    return this.#rows.count(filter);
  }

  all(): AsyncGenerator<readonly RegistrationEntry[], void, undefined> {
    return this.#rows.all();
  }

  pruneExpired(now: Date, limit: number): Promise<readonly string[]> {
    return this.#session.write(async (trx) => {
      const expired = trx.selectFrom('entries').select('row_id').where('expires_at', '<', now.getTime()).limit(limit);
      const rows = await trx
        .deleteFrom('entries')
        .where('row_id', 'in', expired)
        .returning(['id', 'created_at'])
        .execute();
      return noteDeleted(trx, rows, this.#clock.now());
    });
  }
}

function matches(filter: EntryFilter): Expression<SqlBool> {
  const { spiffeId, parentId, selectors, federatesWith, hint, downstream } = filter;
  const eb = expressionBuilder<Schema, 'entries'>();
  const conditions: Expression<SqlBool>[] = [];
  if (spiffeId !== undefined) conditions.push(eb('spiffe_id', '=', spiffeId.toString()));
  if (parentId !== undefined) conditions.push(eb('parent_id', '=', parentId.toString()));
  if (hint !== undefined) conditions.push(eb('hint', '=', hint));
  if (downstream === true) conditions.push(eb('downstream', '=', 1));
  if (selectors !== undefined) {
    const members = selectors.selectors.map(selectorKey);
    conditions.push(setMatches({ rowId: 'entries.row_id', table: 'entry_selectors', match: selectors.match, members }));
  }
  if (federatesWith !== undefined) {
    const { match, trustDomains } = federatesWith;
    const members = trustDomains.map(({ name }) => name);
    conditions.push(setMatches({ rowId: 'entries.row_id', table: 'entry_federations', match, members }));
  }
  return eb.and(conditions);
}

function notFound(id: string): Error {
  return serverError('ERR_ENTRY_NOT_FOUND', `no registration entry has the ID "${id}"`);
}
