// What the stores need of a database: SQL that both engines speak, and the few words in which they differ.
import type { Kysely, RawBuilder } from 'kysely';
import type { Schema } from './schema.js';

/** An open database, ours or empty. */
export interface SqlEngine extends AsyncDisposable {
  readonly columns: ColumnTypes;
  /** All writes go through it, one transaction at a time. */
  readonly writer: Kysely<Schema>;
  /** Sees what is committed, and nothing else. */
  readonly reader: Kysely<Schema>;
}

/** Where the engines' data definition differs. */
export interface ColumnTypes {
  /** A primary key that grows with each row and is never used again. */
  readonly rowId: RawBuilder<unknown>;
}
