// SQLite, the embedded engine, and the only file that speaks its dialect: WAL, every commit synced to the disk, one
// connection that writes and one that reads.
import type { Database, Options } from 'better-sqlite3';
import type { DatabaseConnection, Driver } from 'kysely';
import { CompiledQuery, Kysely, SqliteDialect, SqliteDriver, sql } from './kysely.js';
import { isSpiffeError, type Clock } from '@credence/sdk/runtime';
import type { ColumnTypes, SqlEngine } from './engine.js';
import type { Schema } from './schema.js';
import { createFileUnlessThere, makePrivate, unusable } from './sqlite-file.js';
import { Sqlite } from './sqlite.js';
import { StatementCache } from './statement-cache.js';

const columns: ColumnTypes = { rowId: sql`integer primary key autoincrement` };

// How long another process may hold the write lock before a write fails.
const patienceMs = 5000;
const retryMs = 50;

export interface SqliteOptions {
  readonly path: string;
  readonly clock: Clock;
}

/**
 * Opens the database in the file, creating it when there is none. One that is there is changed by the first use of the
 * writer, not before.
 *
 * @throws `ERR_DATASTORE_UNUSABLE`; the file is left as it is.
 */
export async function openSqliteEngine({ path, clock }: SqliteOptions): Promise<SqlEngine> {
  const opened: Database[] = [];
  try {
    await createFileUnlessThere(path);
    const reader = connect(path, { readonly: true }, opened);
    checkIntegrity(reader, path);
    return new SqliteEngine({ path, clock, reader, writer: connect(path, {}, opened) });
  } catch (error) {
    for (const db of opened) db.close();
    throw isSpiffeError(error) ? error : unusable(path, (error as Error).message, error);
  }
}

class SqliteEngine implements SqlEngine {
  readonly columns = columns;
  readonly writer: Kysely<Schema>;
  readonly reader: Kysely<Schema>;
  readonly #connections: readonly Database[];

  constructor({
    path,
    clock,
    reader,
    writer,
  }: {
    readonly path: string;
    readonly clock: Clock;
    readonly reader: Database;
    readonly writer: Database;
  }) {
    const onCreateConnection = (): Promise<void> => makeOurs(writer, path);
    this.writer = new Kysely({
      dialect: new ImmediateDialect({ database: new StatementCache(writer), onCreateConnection }, clock),
    });
    this.reader = new Kysely({ dialect: new SqliteDialect({ database: new StatementCache(reader) }) });
    // The last connection to close folds the write-ahead log into the file, which a reader may not.
    this.#connections = [reader, writer];
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections) connection.close();
    return Promise.resolve();
  }
}

function connect(path: string, options: Options, opened: Database[]): Database {
  const db = new Sqlite(path, { ...options, fileMustExist: true, timeout: patienceMs });
  opened.push(db);
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  return db;
}

function checkIntegrity(db: Database, path: string): void {
  const finding = db.pragma('quick_check(1)', { simple: true });
  if (finding !== 'ok') throw unusable(path, `it is damaged (${String(finding)})`);
}

/** What a database keeps that a backup or a careless copy may lack. */
async function makeOurs(writer: Database, path: string): Promise<void> {
  await makePrivate(path);
  const mode = writer.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal') throw unusable(path, 'its file system has no shared memory, which the write-ahead log needs');
  // To wait inside SQLite is to keep the event loop: ImmediateDriver waits.
  writer.pragma('busy_timeout = 0');
}

/** Takes the write lock when a transaction begins: one that began as a reader may fail to become a writer. */
class ImmediateDialect extends SqliteDialect {
  readonly #config: ConstructorParameters<typeof SqliteDialect>[0];
  readonly #clock: Clock;

  constructor(config: ConstructorParameters<typeof SqliteDialect>[0], clock: Clock) {
    super(config);
    this.#config = config;
    this.#clock = clock;
  }

  override createDriver(): Driver {
    return new ImmediateDriver(this.#config, this.#clock);
  }
}

class ImmediateDriver extends SqliteDriver {
  readonly #clock: Clock;

  constructor(config: ConstructorParameters<typeof SqliteDriver>[0], clock: Clock) {
    super(config);
    this.#clock = clock;
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    const deadline = this.#clock.now().getTime() + patienceMs;
    while (!(await beginsNow(connection, this.#clock.now().getTime() < deadline))) await this.#clock.sleep(retryMs);
  }
}

/** Answers whether it has begun. @throws SqliteError, when not `patient` also when another process holds the lock */
async function beginsNow(connection: DatabaseConnection, patient: boolean): Promise<boolean> {
  try {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
    return true;
  } catch (error) {
    if (patient && error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) return false;
    throw error;
  }
}
