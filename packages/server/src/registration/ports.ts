// What the rest of the server asks about entries: answers from memory, and the administration of the record.
import type { SpiffeId } from '@credence/sdk';
import type { CreateOutcome } from '../datastore/entry-store.js';
import type { Page, PageRequest } from '../datastore/page.js';
import type { EntryFilter, EntryPatch, NewEntry, RegistrationEntry } from '../domain/registration-entry.js';
import type { Selector } from '../domain/selector.js';

export interface AuthorizedEntries {
  /** Every entry that the agent may serve, each once. */
  forAgent(agentId: SpiffeId): readonly RegistrationEntry[];
  /** The entry, if the agent may serve it. */
  find(agentId: SpiffeId, entryId: string): RegistrationEntry | undefined;
}

/** What entries grant the callers that present their SPIFFE ID. */
export interface CallerGrants {
  isAdmin(caller: SpiffeId): boolean;
  downstreamEntries(caller: SpiffeId): readonly RegistrationEntry[];
}

/** Why a workload gets the entries that it gets. */
export interface EntryExplanations {
  explain(question: EntryQuestion): EntryExplanation;
}

export interface EntryQuestion {
  readonly agentId: SpiffeId;
  /** Those of the agent: what aliases are told by. */
  readonly agentSelectors: readonly Selector[];
  /** What workload attestation finds there. */
  readonly selectors: readonly Selector[];
  /** How many entries that the workload does not get are told of at most. */
  readonly limit: number;
}

export interface EntryExplanation {
  /** What the workload gets, ascending by ID. */
  readonly entries: readonly RegistrationEntry[];
  /** What it does not get: the nearest first, no more than `limit`. */
  readonly missed: readonly MissedEntry[];
  /** How many it does not get altogether. */
  readonly missedCount: number;
}

/** An entry that a workload does not get, for at least one of three reasons. */
export interface MissedEntry {
  readonly entry: RegistrationEntry;
  /** Selectors of the entry that the workload does not have. */
  readonly missingSelectors: readonly Selector[];
  /** Present when the agent is not authorized for the entry. */
  readonly parent: ParentOfOthers | undefined;
  /** The SVID goes to a secret store, never to a workload. */
  readonly storeSvid: boolean;
}

/** Who may serve an entry that an agent may not serve. */
export interface ParentOfOthers {
  /** By their own IDs, whether or not they have attested. */
  readonly agents: readonly SpiffeId[];
  readonly aliases: readonly { readonly entry: RegistrationEntry; readonly missingSelectors: readonly Selector[] }[];
}

/** What has changed for an agent. Neither: it has only just begun to watch. */
export interface Ring {
  readonly entries: boolean;
  readonly bundles: boolean;
  /** With `entries`: all that have changed. Empty when it is not told which. */
  readonly entryIds: readonly string[];
}

export interface AgentWatches {
  /**
   * A first ring at once; from then on one for each change that concerns the agent, of those that come while the reader
   * is busy only one. Ends when the agent is banned or gone, and with the server.
   *
   * @throws `signal.reason`
   */
  watch(agentId: SpiffeId, signal: AbortSignal): AsyncIterable<Ring>;
}

/**
 * The administration of registration entries. What it takes comes from `checkNewEntry` and `checkEntryPatch` of
 * entry-rules.ts. Once a write has resolved, `AuthorizedEntries` and `CallerGrants` answer by it.
 */
export interface Entries {
  /**
   * An empty ID is replaced by a random UUID.
   *
   * @throws `ERR_INVALID_ARGUMENT`, `ERR_ENTRY_EXISTS`, `ERR_BUNDLE_NOT_FOUND`
   */
  create(entry: NewEntry): Promise<CreateOutcome>;
  /** @throws `ERR_INVALID_ARGUMENT`, `ERR_ENTRY_NOT_FOUND`, `ERR_ENTRY_EXISTS`, `ERR_BUNDLE_NOT_FOUND` */
  update(id: string, patch: EntryPatch): Promise<RegistrationEntry>;
  /** @throws `ERR_ENTRY_NOT_FOUND` */
  delete(id: string): Promise<void>;
  get(id: string): Promise<RegistrationEntry | undefined>;
  list(filter: EntryFilter, page: PageRequest): Promise<Page<RegistrationEntry>>;
  count(filter: EntryFilter): Promise<number>;
}
