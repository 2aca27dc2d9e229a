// What is read alike of every table whose rows have an ID and keep the order of their creation.
import type { Expression, RawBuilder, SqlBool } from 'kysely';
import type { Page, PageRequest } from '../page.js';
import type { AgentRow } from './agent-row.js';
import type { EntryRow } from './entry-row.js';
import { sql } from './kysely.js';
import { readBatches, readPage, type ReadRows } from './paging.js';
import type { SqlSession } from './session.js';

interface Tables {
  readonly agents: AgentRow;
  readonly entries: EntryRow;
}

export interface SqlRowsOptions<Name extends keyof Tables, Filter, T> {
  readonly session: SqlSession;
  readonly table: Name;
  /** The condition for a `where`; an empty filter accepts every row. */
  readonly matches: (filter: Partial<Filter>) => Expression<SqlBool>;
  readonly decode: (row: Tables[Name]) => T;
}

const idsPerStatement = 500;

export class SqlRows<Name extends keyof Tables, Filter, T> {
  readonly #options: SqlRowsOptions<Name, Filter, T>;

  constructor(options: SqlRowsOptions<Name, Filter, T>) {
    this.#options = options;
  }

  /** Those that exist, in no order. */
  async getMany(ids: readonly string[]): Promise<readonly T[]> {
    const items: T[] = [];
    for (let start = 0; start < ids.length; start += idsPerStatement) {
      const some = sql.join(ids.slice(start, start + idsPerStatement));
      const rows = await this.#select(sql`where id in (${some})`);
      items.push(...rows.map(this.#options.decode));
    }
    return items;
  }

  async list(filter: Filter, page: PageRequest): Promise<Page<T>> {
    return readPage(page, this.#reader(filter), this.#options.decode);
  }

  count(filter: Filter): Promise<number> {
    const { session, table, matches } = this.#options;
    return session.read(async (db) => {
      const condition = matches(filter);
      const query = sql<{ count: number }>`select count(*) as count from ${sql.table(table)} where ${condition}`;
      const { rows } = await query.execute(db);
      return Number(rows[0]?.count);
    });
  }

  async *all(): AsyncGenerator<readonly T[], void, undefined> {
    for await (const rows of readBatches(this.#reader({}))) yield rows.map(this.#options.decode);
  }

  #reader(filter: Partial<Filter>): ReadRows<Tables[Name]> {
    const condition = this.#options.matches(filter);
    return (after, limit) => this.#select(sql`where row_id > ${after} and ${condition} order by row_id limit ${limit}`);
  }

  #select(which: RawBuilder<unknown>): Promise<readonly Tables[Name][]> {
    const { session, table } = this.#options;
    return session.read(async (db) => {
      const { rows } = await sql<Tables[Name]>`select * from ${sql.table(table)} ${which}`.execute(db);
      return rows;
    });
  }
}
