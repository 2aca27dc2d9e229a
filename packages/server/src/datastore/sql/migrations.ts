// Brings a database to the schema that this server knows, in one transaction.
import type { Kysely, Transaction } from 'kysely';
import { isSpiffeError, type Clock } from '@credence/sdk/runtime';
import { serverError } from '../../domain/errors.js';
import type { ColumnTypes, SqlEngine } from './engine.js';
import { initialSchema } from './migrations/0001-initial-schema.js';
import { federationRelationships } from './migrations/0002-federation-relationships.js';
import type { Schema } from './schema.js';

/** Creates or changes tables; knows the schema only as it was at its time. */
export type Migration = (db: Transaction<Schema>, columns: ColumnTypes) => Promise<void>;

/** In order; the first makes version 1. A migration that has been released never changes. */
const migrations: readonly Migration[] = [initialSchema, federationRelationships];

const versionTable = 'credence_migrations';

/** @throws `ERR_DATASTORE_UNUSABLE`: the database is of a newer server, or of another program; nothing is changed. */
export async function migrate(engine: SqlEngine, clock: Clock): Promise<void> {
  try {
    await migrateFrom(await currentVersion(engine.reader), engine, clock);
  } catch (error) {
    throw isSpiffeError(error) ? error : unusable((error as Error).message, error);
  }
}

async function migrateFrom(current: number, engine: SqlEngine, clock: Clock): Promise<void> {
  if (current > migrations.length) {
    throw unusable(
      `its schema has version ${current}, and this server knows versions up to ${migrations.length}; ` +
        'run the newer server, or restore a backup of this version',
    );
  }
  await engine.writer.transaction().execute(async (trx) => {
    for (const [index, migration] of migrations.entries()) {
      if (index < current) continue;
      await migration(trx, engine.columns);
      await trx
        .insertInto(versionTable)
        .values({ version: index + 1, applied_at: clock.now().getTime() })
        .execute();
    }
  });
}

/** The version, or 0 for a database without any table. */
async function currentVersion(db: Kysely<Schema>): Promise<number> {
  const tables = await db.introspection.getTables();
  if (tables.length === 0) return 0;
  if (!tables.some(({ name }) => name === versionTable)) {
    throw unusable(`it has tables, but not ${versionTable}: it belongs to another program; give the path of our own`);
  }
  const row = await db.selectFrom(versionTable).select(db.fn.max('version').as('version')).executeTakeFirst();
  if (typeof row?.version !== 'number') throw unusable(`${versionTable} names no version; restore a backup`);
  return row.version;
}

function unusable(problem: string, cause?: unknown): Error {
  const message = `the database cannot be used: ${problem}`;
  return serverError('ERR_DATASTORE_UNUSABLE', message, cause === undefined ? {} : { cause });
}
