// Kysely by its CommonJS build. The ES build is some 180 files that Node links one by one, which costs every start of the
// server a tenth of a second.
import { createRequire } from 'node:module';
import type * as Library from 'kysely';

const library = createRequire(import.meta.url)('kysely') as typeof Library;

export const { CompiledQuery, Kysely, SqliteDialect, SqliteDriver, expressionBuilder, sql } = library;

/** A typed connection to a database. */
export type Kysely<Tables> = Library.Kysely<Tables>;
