// EntryStore over SQL.
import type { Expression, ExpressionBuilder, Kysely, SqlBool } from 'kysely';
import type { Clock } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { EntryFilter, EntryPatch, NewEntry, RegistrationEntry } from '../../domain/registration-entry.js';
import { selectorKey } from '../../domain/selector.js';
import type { CheckEntry, CreateOutcome, EntryStore } from '../entry-store.js';
import type { Page, PageRequest } from '../page.js';
import { decodeEntry, type EntryRow } from './entry-row.js';
import { insertEntry, noteDeleted, replaceEntry } from './entry-writes.js';
import { readBatches, readPage, type ReadRows } from './paging.js';
import type { Schema } from './schema.js';
import type { SqlSession } from './session.js';
import { setMatches } from './set-match.js';

export interface SqlStoreOptions {
  readonly session: SqlSession;
  readonly clock: Clock;
}

type Condition = (eb: ExpressionBuilder<Schema, 'entries'>) => Expression<SqlBool>;

const idsPerStatement = 500;

export class SqlEntryStore implements EntryStore {
  readonly #session: SqlSession;
  readonly #clock: Clock;

  constructor({ session, clock }: SqlStoreOptions) {
    this.#session = session;
    this.#clock = clock;
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
    return this.#session.read(async (db) => {
      const entries: RegistrationEntry[] = [];
      for (let start = 0; start < ids.length; start += idsPerStatement) {
        const some = ids.slice(start, start + idsPerStatement);
        const rows = await db.selectFrom('entries').selectAll().where('id', 'in', some).execute();
        entries.push(...rows.map(decodeEntry));
      }
      return entries;
    });
  }

  list(filter: EntryFilter, page: PageRequest): Promise<Page<RegistrationEntry>> {
    return this.#session.read((db) => readPage(page, rowsOf(db, filter), decodeEntry));
  }

  count(filter: EntryFilter): Promise<number> {
    return this.#session.read(async (db) => {
      const { count } = await db
        .selectFrom('entries')
        .select(db.fn.countAll().as('count'))
        .where(matches(filter))
        .executeTakeFirstOrThrow();
      return Number(count);
    });
  }

  async *all(): AsyncGenerator<readonly RegistrationEntry[], void, undefined> {
    const read: ReadRows<EntryRow> = (after, limit) => this.#session.read((db) => rowsOf(db, {})(after, limit));
    for await (const rows of readBatches(read)) yield rows.map(decodeEntry);
  }

  pruneExpired(now: Date): Promise<readonly string[]> {
    return this.#session.write(async (trx) => {
      const rows = await trx
        .deleteFrom('entries')
        .where('expires_at', '<', now.getTime())
        .returning(['id', 'created_at'])
        .execute();
      return noteDeleted(trx, rows, this.#clock.now());
    });
  }
}

function rowsOf(db: Kysely<Schema>, filter: EntryFilter): ReadRows<EntryRow> {
  return (after, limit) =>
    db
      .selectFrom('entries')
      .selectAll()
      .where('row_id', '>', after)
      .where(matches(filter))
      .orderBy('row_id')
      .limit(limit)
      .execute();
}

function matches(filter: EntryFilter): Condition {
  const { spiffeId, parentId, selectors, federatesWith, hint, downstream } = filter;
  return (eb) => {
    const conditions: Expression<SqlBool>[] = [];
    if (spiffeId !== undefined) conditions.push(eb('spiffe_id', '=', spiffeId.toString()));
    if (parentId !== undefined) conditions.push(eb('parent_id', '=', parentId.toString()));
    if (hint !== undefined) conditions.push(eb('hint', '=', hint));
    if (downstream === true) conditions.push(eb('downstream', '=', 1));
    if (selectors !== undefined) {
      const members = selectors.selectors.map(selectorKey);
      conditions.push(
        setMatches({ rowId: 'entries.row_id', table: 'entry_selectors', match: selectors.match, members }),
      );
    }
    if (federatesWith !== undefined) {
      const { match, trustDomains } = federatesWith;
      const members = trustDomains.map(({ name }) => name);
      conditions.push(setMatches({ rowId: 'entries.row_id', table: 'entry_federations', match, members }));
    }
    return eb.and(conditions);
  };
}

function notFound(id: string): Error {
  return serverError('ERR_ENTRY_NOT_FOUND', `no registration entry has the ID "${id}"`);
}
