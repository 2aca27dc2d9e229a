// Why a workload on an agent gets some entries and not others. What is nearest comes first: it is most likely what
// somebody meant and got wrong.
import { SpiffeId } from '@credence/sdk/spiffeid';
import { isAgentPath } from '../domain/id-class.js';
import type { RegistrationEntry } from '../domain/registration-entry.js';
import { selectorKey, type Selector } from '../domain/selector.js';
import type { AuthorizedEntries, EntryExplanation, EntryQuestion, MissedEntry, ParentOfOthers } from './ports.js';

/** What an entry stands below. */
export interface EntriesAbove {
  /** Its parent, and the parents of the entries with that ID, and so on. */
  readonly ids: ReadonlySet<string>;
  /** Node aliases. */
  readonly aliases: readonly RegistrationEntry[];
}

export interface ExplainableEntries extends Pick<AuthorizedEntries, 'forAgent'> {
  /** All but node aliases. */
  workloadEntries(): Iterable<RegistrationEntry>;
  above(entry: RegistrationEntry): EntriesAbove;
}

// An entry that gives one agent a name, as a join token does: no workload attestor finds such selectors.
const agentSelectorType = 'spiffe_id';

interface Candidate {
  readonly entry: RegistrationEntry;
  readonly missingSelectors: readonly Selector[];
  readonly isAuthorized: boolean;
  /** How many reasons there are not to give it. */
  readonly distance: number;
}

export function explainEntries(
  entries: ExplainableEntries,
  { agentId, agentSelectors, selectors, limit }: EntryQuestion,
): EntryExplanation {
  const authorized = new Set(entries.forAgent(agentId).map(({ id }) => id));
  const lacking = lackingOf(selectors);
  const given: RegistrationEntry[] = [];
  const missed = new Nearest(limit);
  let missedCount = 0;
  for (const entry of entries.workloadEntries()) {
    if (entry.selectors.some(({ type }) => type === agentSelectorType)) continue;
    const missingSelectors = lacking(entry);
    const isAuthorized = authorized.has(entry.id);
    const distance = missingSelectors.length + (isAuthorized ? 0 : 1) + (entry.storeSvid ? 1 : 0);
    if (distance === 0) {
      given.push(entry);
      continue;
    }
    missedCount++;
    missed.add({ entry, missingSelectors, isAuthorized, distance });
  }
  const lackingNode = lackingOf(agentSelectors);
  return {
    entries: given.sort(byId),
    missed: missed.take().map((candidate) => missedEntry(candidate, entries, lackingNode)),
    missedCount,
  };
}

type Lacking = (entry: RegistrationEntry) => readonly Selector[];

function lackingOf(selectors: readonly Selector[]): Lacking {
  const keys = new Set(selectors.map(selectorKey));
  return (entry) => entry.selectors.filter((selector) => !keys.has(selectorKey(selector)));
}

/** The nearest of many candidates: to sort a hundred thousand would hold up everything else. */
class Nearest {
  readonly #limit: number;
  readonly #room: number;
  #kept: Candidate[] = [];
  /** As many as are wanted are as near as this one. */
  #bound: Candidate | undefined;

  constructor(limit: number) {
    this.#limit = limit;
    this.#room = Math.max(1000, 2 * limit);
  }

  add(candidate: Candidate): void {
    if (this.#bound !== undefined && byNearness(this.#bound, candidate) <= 0) return;
    this.#kept.push(candidate);
    if (this.#kept.length >= this.#room) this.#bound = this.take().at(-1);
  }

  take(): readonly Candidate[] {
    this.#kept = this.#kept.sort(byNearness).slice(0, this.#limit);
    return this.#kept;
  }
}

function byNearness(one: Candidate, other: Candidate): number {
  return one.distance - other.distance || foundOf(other) - foundOf(one) || byId(one.entry, other.entry);
}

function foundOf({ entry, missingSelectors }: Candidate): number {
  return entry.selectors.length - missingSelectors.length;
}

function byId(one: RegistrationEntry, other: RegistrationEntry): number {
  return one.id < other.id ? -1 : 1;
}

function missedEntry(
  { entry, missingSelectors, isAuthorized }: Candidate,
  entries: ExplainableEntries,
  lackingNode: Lacking,
): MissedEntry {
  const parent = isAuthorized ? undefined : parentOfOthers(entries.above(entry), lackingNode);
  return { entry, missingSelectors, parent, storeSvid: entry.storeSvid };
}

function parentOfOthers({ ids, aliases }: EntriesAbove, lackingNode: Lacking): ParentOfOthers {
  return {
    agents: [...ids].map((id) => SpiffeId.parse(id)).filter(({ path }) => isAgentPath(path)),
    aliases: aliases.map((entry) => ({ entry, missingSelectors: lackingNode(entry) })),
  };
}
