// Who is told of what: an agent that watches is rung when an entry that it may serve, or a bundle, has changed.
import type { SpiffeId } from '@credence/sdk';
import { Latest, type Clock, type Random } from '@credence/sdk/runtime';
import type { Reach } from './entry-graph.js';
import type { AgentWatches, Ring } from './ports.js';

/** What the rings ask of the graph. */
export interface ReachedAgents {
  isReached(agentId: string, reach: Pick<Reach, 'ids' | 'aliases'>): boolean;
  knows(agentId: string): boolean;
}

export interface AgentChangesOptions {
  readonly graph: ReachedAgents;
  readonly clock: Clock;
  readonly random: Random;
}

// What concerns many agents must not bring them all at the same moment.
const mostAtOnce = 16;
const spreadMsEach = 2;
const longestSpreadMs = 5000;
// More are sooner compared than asked for one by one.
const mostNamed = 64;

/** What a watch is to be told next. */
class Pending {
  #entries: Set<string> | 'any' = new Set();
  #bundles = false;

  /** Undefined: whichever. */
  addEntry(id: string | undefined): void {
    if (id === undefined || this.#entries === 'any' || this.#entries.size >= mostNamed) this.#entries = 'any';
    else this.#entries.add(id);
  }

  addBundles(): void {
    this.#bundles = true;
  }

  take(): Ring {
    const [entries, bundles] = [this.#entries, this.#bundles];
    this.#entries = new Set();
    this.#bundles = false;
    if (entries === 'any') return { entries: true, bundles, entryIds: [] };
    return { entries: entries.size > 0, bundles, entryIds: [...entries] };
  }
}

interface Watch {
  readonly agentId: string;
  readonly pending: Pending;
  readonly bell: Latest<undefined>;
  /** Whether it will be rung soon, for whatever is pending then. */
  isDue: boolean;
}

export class AgentChanges implements AgentWatches {
  readonly #options: AgentChangesOptions;
  readonly #watches = new Map<string, Set<Watch>>();
  #ended = false;

  constructor(options: AgentChangesOptions) {
    this.#options = options;
  }

  async *watch(agentId: SpiffeId, signal: AbortSignal): AsyncGenerator<Ring, void, undefined> {
    const watch = this.#open(agentId.toString());
    try {
      for await (const _ of watch.bell.watch({ signal })) {
        yield watch.pending.take();
      }
    } finally {
      this.#close(watch);
    }
  }

  entriesChanged(reaches: readonly Reach[]): void {
    if (reaches.length <= mostNamed && reaches.every(({ aloneAs }) => aloneAs !== undefined)) {
      for (const reach of reaches) this.#ringForEntry(reach.aloneAs, this.#reachedBy([reach]));
    } else this.#ringForEntry(undefined, this.#reachedBy(reaches));
  }

  bundlesChanged(): void {
    this.#ring(
      [...this.#watches.values()].flatMap((watches) => [...watches]),
      (pending) => {
        pending.addBundles();
      },
    );
  }

  /** What an agent may serve depends on its selectors; one that is banned or gone finds out when it asks again. */
  agentChanged(agentId: string): void {
    const watches = [...(this.#watches.get(agentId) ?? [])];
    if (this.#options.graph.knows(agentId)) this.#ringForEntry(undefined, watches);
    else for (const { bell } of watches) bell.end();
  }

  /** Ends every watch, and each that is begun from now on. */
  end(): void {
    this.#ended = true;
    for (const watches of this.#watches.values()) for (const { bell } of watches) bell.end();
  }

  #open(agentId: string): Watch {
    const watch = { agentId, pending: new Pending(), bell: new Latest(undefined), isDue: false };
    const watches = this.#watches.get(agentId) ?? new Set();
    this.#watches.set(agentId, watches.add(watch));
    if (this.#ended) watch.bell.end();
    return watch;
  }

  #close(watch: Watch): void {
    const watches = this.#watches.get(watch.agentId);
    watches?.delete(watch);
    if (watches?.size === 0) this.#watches.delete(watch.agentId);
  }

  async #ringAfter(ms: number, watch: Watch, clock: Clock): Promise<void> {
    watch.isDue = true;
    await clock.sleep(ms, { ref: false });
    watch.isDue = false;
    watch.bell.set(undefined);
  }

  #reachedBy(reaches: readonly Reach[]): readonly Watch[] {
    const { graph } = this.#options;
    const agents = new Set(reaches.flatMap(({ ids }) => [...ids]).filter((id) => this.#watches.has(id)));
    // Entries that are made by the thousand are below a few aliases.
    const aliases = [...new Set(reaches.flatMap(({ aliases: of }) => of))];
    if (aliases.length > 0) {
      for (const id of this.#watches.keys()) if (graph.isReached(id, { ids: agents, aliases })) agents.add(id);
    }
    return [...agents].flatMap((id) => [...(this.#watches.get(id) ?? [])]);
  }

  #ringForEntry(id: string | undefined, watches: readonly Watch[]): void {
    this.#ring(watches, (pending) => {
      pending.addEntry(id);
    });
  }

  #ring(watches: readonly Watch[], mark: (pending: Pending) => void): void {
    const { clock, random } = this.#options;
    const spreadMs = watches.length > mostAtOnce ? Math.min(watches.length * spreadMsEach, longestSpreadMs) : 0;
    for (const watch of watches) {
      mark(watch.pending);
      if (spreadMs === 0) watch.bell.set(undefined);
      else if (!watch.isDue) void this.#ringAfter(random.uniform() * spreadMs, watch, clock);
    }
  }
}
