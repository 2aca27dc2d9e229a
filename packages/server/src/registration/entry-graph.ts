// Registration entries and the agents' selectors in memory: who may serve which entry is answered by walking from the
// agent to what it parents. Only entries of the own trust domain take part.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { Clock } from '@credence/sdk/runtime';
import { isBanned, type AttestedAgent } from '../domain/attested-agent.js';
import { serverPath } from '../domain/id-class.js';
import type { RegistrationEntry } from '../domain/registration-entry.js';
import { selectorKey } from '../domain/selector.js';
import type { EntriesAbove, ExplainableEntries } from './explain-entries.js';
import { Multimap } from './multimap.js';
import type { AuthorizedEntries, CallerGrants } from './ports.js';

/** An entry with the texts that it is found by, made once. */
interface Node {
  readonly entry: RegistrationEntry;
  readonly parentId: string;
  readonly spiffeId: string;
  /** Only of a node alias: the selectors that an agent must have, all of them. */
  readonly aliasOf: readonly string[] | undefined;
}

/** The agents that may serve an entry: those with one of the IDs, and those with all selectors of one of the aliases. */
export interface Reach {
  readonly ids: ReadonlySet<string>;
  readonly aliases: readonly (readonly string[])[];
  /** The ID of the entry, if with it nothing else comes or goes; undefined for an alias, and for the parent of others. */
  readonly aloneAs: string | undefined;
}

interface KnownAgent {
  readonly selectors: ReadonlySet<string>;
  readonly expiresAt: Date;
}

const nothing: ReadonlySet<string> = new Set();

export class EntryGraph implements AuthorizedEntries, CallerGrants, ExplainableEntries {
  readonly #trustDomain: TrustDomain;
  readonly #clock: Clock;
  readonly #byId = new Map<string, Node>();
  readonly #byParent = new Multimap<string, Node>();
  readonly #bySpiffeId = new Multimap<string, Node>();
  /** Each alias once, below the first of its selectors: an agent without that one cannot match. */
  readonly #aliases = new Multimap<string, Node>();
  readonly #agents = new Map<string, KnownAgent>();

  constructor({ trustDomain, clock }: { readonly trustDomain: TrustDomain; readonly clock: Clock }) {
    this.#trustDomain = trustDomain;
    this.#clock = clock;
  }

  forAgent(agentId: SpiffeId): readonly RegistrationEntry[] {
    const found: RegistrationEntry[] = [];
    const visited = this.#roots(agentId);
    // A Set's iteration reaches what is added meanwhile, and adds nothing twice: cycles end.
    for (const parentId of visited) {
      for (const node of this.#byParent.get(parentId)) {
        found.push(node.entry);
        visited.add(node.spiffeId);
      }
    }
    return found;
  }

  /** Walks up from the entry, which is shorter than down from the agent. */
  find(agentId: SpiffeId, entryId: string): RegistrationEntry | undefined {
    const node = this.#byId.get(entryId);
    if (node === undefined || node.aliasOf !== undefined) return undefined;
    const roots = this.#roots(agentId);
    const above = new Set([node.parentId]);
    for (const id of above) {
      if (roots.has(id)) return node.entry;
      for (const parent of this.#bySpiffeId.get(id)) above.add(parent.parentId);
    }
    return undefined;
  }

  /** Who may serve the entry, or has the alias that it is; undefined when there is no such entry. */
  reach(entryId: string): Reach | undefined {
    const node = this.#byId.get(entryId);
    if (node === undefined) return undefined;
    if (node.aliasOf !== undefined) return { ids: nothing, aliases: [node.aliasOf], aloneAs: undefined };
    const { ids, aliases } = this.#above(node);
    const [below] = this.#byParent.get(node.spiffeId);
    const aloneAs = below === undefined ? entryId : undefined;
    return { ids, aliases: aliases.map(({ aliasOf = [] }) => aliasOf), aloneAs };
  }

  /** All but node aliases, which are no workload's. */
  *workloadEntries(): IterableIterator<RegistrationEntry> {
    for (const { entry, aliasOf } of this.#byId.values()) if (aliasOf === undefined) yield entry;
  }

  above(entry: RegistrationEntry): EntriesAbove {
    const { ids, aliases } = this.#above(this.#byId.get(entry.id) ?? this.#createNode(entry));
    return { ids, aliases: aliases.map((alias) => alias.entry) };
  }

  isReached(agentId: string, { ids, aliases }: Pick<Reach, 'ids' | 'aliases'>): boolean {
    if (ids.has(agentId)) return true;
    const selectors = this.#activeSelectors(agentId);
    return aliases.some((keys) => keys.every((key) => selectors.has(key)));
  }

  /** Whether the agent is attested and not banned. */
  knows(agentId: string): boolean {
    return this.#agents.has(agentId);
  }

  isAdmin(caller: SpiffeId): boolean {
    for (const { entry } of this.#bySpiffeId.get(caller.toString())) if (entry.admin) return true;
    return false;
  }

  downstreamEntries(caller: SpiffeId): readonly RegistrationEntry[] {
    const entries = [...this.#bySpiffeId.get(caller.toString())].map((node) => node.entry);
    return entries.filter((entry) => entry.downstream);
  }

  putEntry(entry: RegistrationEntry): void {
    this.removeEntry(entry.id);
    if (!entry.spiffeId.isMemberOf(this.#trustDomain) || !entry.parentId.isMemberOf(this.#trustDomain)) return;
    const node = this.#createNode(entry);
    this.#byId.set(entry.id, node);
    this.#bySpiffeId.add(node.spiffeId, node);
    if (node.aliasOf === undefined) this.#byParent.add(node.parentId, node);
    else this.#aliases.add(firstOf(node.aliasOf), node);
  }

  removeEntry(id: string): void {
    const node = this.#byId.get(id);
    if (node === undefined) return;
    this.#byId.delete(id);
    this.#bySpiffeId.delete(node.spiffeId, node);
    if (node.aliasOf === undefined) this.#byParent.delete(node.parentId, node);
    else this.#aliases.delete(firstOf(node.aliasOf), node);
  }

  /** A banned agent has no aliases, as if it were not there. */
  putAgent(agent: AttestedAgent): void {
    if (isBanned(agent)) {
      this.removeAgent(agent.id);
      return;
    }
    const selectors = new Set(agent.selectors.map(selectorKey));
    this.#agents.set(agent.id.toString(), { selectors, expiresAt: agent.expiresAt });
  }

  removeAgent(id: SpiffeId): void {
    this.#agents.delete(id.toString());
  }

  #above({ parentId }: Node): { readonly ids: ReadonlySet<string>; readonly aliases: readonly Node[] } {
    const ids = new Set([parentId]);
    const aliases: Node[] = [];
    for (const id of ids) {
      for (const parent of this.#bySpiffeId.get(id)) {
        if (parent.aliasOf === undefined) ids.add(parent.parentId);
        else aliases.push(parent);
      }
    }
    return { ids, aliases };
  }

  /** Entries of one parent share its ID: of a hundred thousand copies the memory would be felt. */
  #createNode(entry: RegistrationEntry): Node {
    const parentId = entry.parentId.toString();
    const [sibling] = this.#byParent.get(parentId);
    const isAlias = entry.parentId.path === serverPath;
    return {
      entry: sibling === undefined ? entry : { ...entry, parentId: sibling.entry.parentId },
      parentId: sibling?.parentId ?? parentId,
      spiffeId: entry.spiffeId.toString(),
      aliasOf: isAlias ? entry.selectors.map(selectorKey) : undefined,
    };
  }

  /** The agent's own ID, and the IDs of the aliases whose selectors it all has. */
  #roots(agentId: SpiffeId): Set<string> {
    const id = agentId.toString();
    const roots = new Set([id]);
    const selectors = this.#activeSelectors(id);
    for (const selector of selectors) {
      for (const alias of this.#aliases.get(selector)) {
        if (alias.aliasOf?.every((key) => selectors.has(key)) === true) roots.add(alias.spiffeId);
      }
    }
    return roots;
  }

  #activeSelectors(id: string): ReadonlySet<string> {
    const agent = this.#agents.get(id);
    return agent !== undefined && agent.expiresAt > this.#clock.now() ? agent.selectors : nothing;
  }
}

function firstOf(keys: readonly string[]): string {
  return keys[0] ?? '';
}
