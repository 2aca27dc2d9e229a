// Keeps the entry graph in step with the datastore: loads everything once, and then reads the change log after each
// commit of this server, and now and then for the commits of others.
import { SpiffeId } from '@credence/sdk/spiffeid';
import { every, Latest, type Clock, type Logger } from '@credence/sdk/runtime';
import type { AgentStore } from '../datastore/agent-store.js';
import type { Change, ChangeLog } from '../datastore/change-log.js';
import type { EntryStore } from '../datastore/entry-store.js';
import type { AgentChanges } from './agent-changes.js';
import type { EntryGraph, Reach } from './entry-graph.js';

export interface ChangeFollowerOptions {
  readonly graph: EntryGraph;
  readonly entries: Pick<EntryStore, 'all' | 'getMany'>;
  readonly agents: Pick<AgentStore, 'all' | 'getMany'>;
  readonly changes: Pick<ChangeLog, 'since' | 'last' | 'onCommit'>;
  readonly agentChanges: Pick<AgentChanges, 'entriesChanged' | 'agentChanged' | 'bundlesChanged'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const pollIntervalMs = 5000;
const changesPerRead = 1000;

export class ChangeFollower {
  readonly #options: ChangeFollowerOptions;
  readonly #applied = new Latest(0);
  #tail: Promise<void> = Promise.resolve();

  constructor(options: ChangeFollowerOptions) {
    this.#options = options;
  }

  /** The ID of the newest change that the graph shows. */
  get applied(): Pick<Latest<number>, 'value' | 'watch'> {
    return this.#applied;
  }

  /**
   * Resolves when the graph is complete; from then on it shows each commit of this server, until the signal.
   *
   * @throws `ERR_DATASTORE`
   */
  async start(signal: AbortSignal): Promise<void> {
    const loading = this.#load();
    // Commits during the load are read after it.
    this.#tail = loading.catch(() => undefined);
    const unsubscribe = this.#options.changes.onCommit(() => this.#catchUp());
    signal.addEventListener('abort', unsubscribe, { once: true });
    await loading;
    await this.#catchUp();
  }

  /** Reads the commits of other servers, and again what could not be read, until the signal. */
  poll(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    return every({ name: 'change log', intervalMs: pollIntervalMs, clock, log, signal }, () => this.#catchUp());
  }

  async #load(): Promise<void> {
    const { graph, entries, agents, changes } = this.#options;
    // Read first: what changes while the rest is read is read again.
    const last = await changes.last();
    for await (const batch of entries.all()) for (const entry of batch) graph.putEntry(entry);
    for await (const batch of agents.all()) for (const agent of batch) graph.putAgent(agent);
    this.#applied.set(last);
  }

  /** One reading at a time. What failed is read again with the next. */
  #catchUp(): Promise<void> {
    this.#tail = this.#tail
      .then(() => this.#readOn())
      .catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'entry graph is behind the datastore');
      });
    return this.#tail;
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const changes = await this.#options.changes.since(this.#applied.value, changesPerRead);
      const last = changes.at(-1);
      if (last === undefined) return;
      await this.#applyEntries(keysOf(changes, 'entry'));
      await this.#applyAgents(keysOf(changes, 'agent'));
      if (keysOf(changes, 'bundle').size > 0) this.#options.agentChanges.bundlesChanged();
      this.#applied.set(last.id);
      if (changes.length < changesPerRead) return;
    }
  }

  async #applyEntries(ids: ReadonlySet<string>): Promise<void> {
    if (ids.size === 0) return;
    const { graph, entries, agentChanges } = this.#options;
    const present = await entries.getMany([...ids]);
    // Who may no longer serve an entry is told as well.
    const before = this.#reaches(ids);
    for (const id of ids) graph.removeEntry(id);
    for (const entry of present) graph.putEntry(entry);
    agentChanges.entriesChanged([...before, ...this.#reaches(ids)]);
  }

  async #applyAgents(ids: ReadonlySet<string>): Promise<void> {
    if (ids.size === 0) return;
    const { graph, agents, agentChanges } = this.#options;
    const parsed = [...ids].map((id) => SpiffeId.parse(id));
    const present = await agents.getMany(parsed);
    for (const id of parsed) graph.removeAgent(id);
    for (const agent of present) graph.putAgent(agent);
    for (const id of ids) agentChanges.agentChanged(id);
  }

  #reaches(ids: ReadonlySet<string>): readonly Reach[] {
    return [...ids].map((id) => this.#options.graph.reach(id)).filter((reach) => reach !== undefined);
  }
}

function keysOf(changes: readonly Change[], noun: Change['noun']): ReadonlySet<string> {
  return new Set(changes.filter((change) => change.noun === noun).map((change) => change.key));
}
