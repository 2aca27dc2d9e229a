// Opens a datastore over SQL: the embedded SQLite file, or another engine.
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { Datastore } from '../datastore.js';
import type { SqlEngine } from './engine.js';
import { migrate } from './migrations.js';
import { SqlSession } from './session.js';
import { SqlAgentStore } from './sql-agent-store.js';
import { SqlBundleStore } from './sql-bundle-store.js';
import { SqlChangeLog } from './sql-change-log.js';
import { SqlEntryStore } from './sql-entry-store.js';
import { SqlFederatedBundleStore } from './sql-federated-bundle-store.js';
import { SqlJoinTokenStore } from './sql-join-token-store.js';
import { SqlJournalStore } from './sql-journal-store.js';
import { SqlRelationshipStore } from './sql-relationship-store.js';
import { openSqliteEngine } from './sqlite-engine.js';

export type DatastoreOptions = { readonly clock: Clock; readonly log: Logger } & (
  | {
      /** The SQLite file; created, private, when there is none. Its folder exists. */
      readonly path: string;
    }
  | {
      /** Belongs to the datastore from now on, even when opening fails. */
      readonly engine: SqlEngine;
    }
);

/**
 * Opens the database and brings it to the current schema.
 *
 * @throws `ERR_DATASTORE_UNUSABLE`: it is damaged, of another program or of a newer server; it is left as it is.
 */
export async function openDatastore(options: DatastoreOptions): Promise<Datastore> {
  const { clock, log } = options;
  const engine = 'engine' in options ? options.engine : await openSqliteEngine(options);
  try {
    await migrate(engine, clock);
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
  const session = new SqlSession({ engine, log });
  return {
    entries: new SqlEntryStore({ session, clock }),
    agents: new SqlAgentStore({ session, clock }),
    joinTokens: new SqlJoinTokenStore({ session, clock }),
    bundles: new SqlBundleStore({ session, clock }),
    federatedBundles: new SqlFederatedBundleStore({ session, clock }),
    relationships: new SqlRelationshipStore({ session, clock }),
    journals: new SqlJournalStore({ session }),
    changes: new SqlChangeLog({ session }),
    async [Symbol.asyncDispose]() {
      await session.close();
      await engine[Symbol.asyncDispose]();
    },
  };
}
