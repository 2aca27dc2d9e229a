// What the server keeps: one store a noun, all over one database.
import type { AgentStore } from './agent-store.js';
import type { BundleStore } from './bundle-store.js';
import type { ChangeLog } from './change-log.js';
import type { EntryStore } from './entry-store.js';
import type { FederatedBundleStore } from './federated-bundle-store.js';
import type { JoinTokenStore } from './join-token-store.js';
import type { JournalStore } from './journal-store.js';
import type { RelationshipStore } from './relationship-store.js';

export interface Datastore extends AsyncDisposable {
  readonly entries: EntryStore;
  readonly agents: AgentStore;
  readonly joinTokens: JoinTokenStore;
  readonly bundles: BundleStore;
  readonly federatedBundles: FederatedBundleStore;
  readonly relationships: RelationshipStore;
  readonly journals: JournalStore;
  readonly changes: ChangeLog;
}
