// Registration: the entries, who is authorized for which, and the jobs that keep both in order.
import type { TrustDomain } from '@credence/sdk';
import type { Clock, Latest, Logger, Random } from '@credence/sdk/runtime';
import type { Datastore } from '../datastore/datastore.js';
import { AgentChanges } from './agent-changes.js';
import { ChangeFollower } from './change-follower.js';
import { EntryGraph } from './entry-graph.js';
import { explainEntries } from './explain-entries.js';
import type { AgentWatches, AuthorizedEntries, CallerGrants, Entries, EntryExplanations } from './ports.js';
import { pruneRegularly, type AgentPruning } from './prune.js';
import { StoredEntries } from './stored-entries.js';

export interface RegistrationOptions {
  readonly trustDomain: TrustDomain;
  readonly datastore: Pick<Datastore, 'entries' | 'agents' | 'changes'>;
  /** Undefined: agents are never pruned. */
  readonly agentPruning?: AgentPruning | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Answers from memory once started. A write to the datastore, by whomever in this process, is part of the answers when
 * its promise resolves.
 */
export class Registration implements AsyncDisposable {
  readonly entries: Entries;
  readonly authorized: AuthorizedEntries;
  readonly grants: CallerGrants;
  readonly explanations: EntryExplanations;
  readonly watches: AgentWatches & { end(): void };
  readonly #options: RegistrationOptions;
  readonly #follower: ChangeFollower;
  readonly #closing = new AbortController();
  #jobs: readonly Promise<void>[] = [];

  constructor(options: RegistrationOptions) {
    const { trustDomain, datastore, clock, random, log } = options;
    const graph = new EntryGraph({ trustDomain, clock });
    this.#options = options;
    const agentChanges = new AgentChanges({ graph, clock, random });
    this.watches = agentChanges;
    this.#follower = new ChangeFollower({ ...datastore, graph, agentChanges, clock, log });
    this.entries = new StoredEntries({ store: datastore.entries, random });
    this.authorized = graph;
    this.grants = graph;
    this.explanations = { explain: (question) => explainEntries(graph, question) };
  }

  /** The ID of the newest change that the answers show; watch it to learn that they may be others now. */
  get changed(): Pick<Latest<number>, 'value' | 'watch'> {
    return this.#follower.applied;
  }

  /** Loads everything, then follows the datastore until the signal or disposal. @throws `ERR_DATASTORE` */
  async start(signal: AbortSignal): Promise<void> {
    const running = AbortSignal.any([signal, this.#closing.signal]);
    await this.#follower.start(running);
    const { datastore, agentPruning, clock, random, log } = this.#options;
    const pruning = pruneRegularly({ ...datastore, agentPruning, clock, random, log, signal: running });
    this.#jobs = [this.#follower.poll(running), pruning];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#jobs);
  }
}
