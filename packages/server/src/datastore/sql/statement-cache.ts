// Prepares each SQL text once per connection: preparing costs more than running most of our statements.
import type { Database, Statement } from 'better-sqlite3';
import type { SqliteDatabase } from 'kysely';

const capacity = 200;

/** The connection as Kysely sees it, with its most recently used statements kept. */
export class StatementCache implements SqliteDatabase {
  readonly #db: Database;
  readonly #statements = new Map<string, Statement>();

  constructor(db: Database) {
    this.#db = db;
  }

  prepare(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? this.#db.prepare(sql);
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > capacity) this.#forgetOldest();
    return statement;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #forgetOldest(): void {
    for (const sql of this.#statements.keys()) {
      this.#statements.delete(sql);
      return;
    }
  }
}
