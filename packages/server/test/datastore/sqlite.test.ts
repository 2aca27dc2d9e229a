import { join } from 'node:path';
import { systemClock } from '@credence/sdk/runtime';
import { openSqliteEngine } from '../../dist/datastore/sql/sqlite-engine.js';
import { describeAgentStore } from './agent-store.contract.js';
import { describeEntryStore } from './entry-store.contract.js';
import { describeFederatedBundleStore, describeRelationshipStore } from './federation-stores.contract.js';
import { temporaryDirectory, type TestDatabase } from './fixtures.js';
import {
  describeBundleStore,
  describeChangeLog,
  describeJoinTokenStore,
  describeJournalStore,
} from './other-stores.contract.js';
import { describePaging } from './paging.contract.js';
import { describeTransactions } from './transactions.contract.js';

async function createSqlite(): Promise<TestDatabase> {
  const folder = await temporaryDirectory();
  return {
    open: () => openSqliteEngine({ path: join(folder.path, 'datastore.sqlite3'), clock: systemClock }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

describe('datastore over SQLite', () => {
  describeEntryStore(createSqlite);
  describePaging(createSqlite);
  describeAgentStore(createSqlite);
  describeJoinTokenStore(createSqlite);
  describeBundleStore(createSqlite);
  describeFederatedBundleStore(createSqlite);
  describeRelationshipStore(createSqlite);
  describeJournalStore(createSqlite);
  describeChangeLog(createSqlite);
  describeTransactions(createSqlite);
});
