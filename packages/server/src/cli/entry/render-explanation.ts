// What people read of `entry explain`: the agent, what the workload gets, and the nearest of what it does not get.
import { printable } from '@credence/sdk/daemon';
import type { Agent__Output } from '@credence/sdk/wire/gen/credence/server/v1/Agent.js';
import type { ExplainEntriesResponse__Output } from '@credence/sdk/wire/gen/credence/server/v1/ExplainEntriesResponse.js';
import type { Missed__Output } from '@credence/sdk/wire/gen/credence/server/v1/Missed.js';
import type { Parent__Output } from '@credence/sdk/wire/gen/credence/server/v1/Parent.js';
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { Selector__Output } from '@credence/sdk/wire/gen/spire/api/types/Selector.js';
import { counted, renderId, renderInstant } from '../render.js';

export function renderExplanation(explanation: ExplainEntriesResponse__Output, agentId: string): string {
  const { agent, entries, missed, missed_count: missedCount } = explanation;
  const blocks = [
    agent === null ? '' : renderAgent(agent, agentId),
    given(agent, entries),
    ...entries.map(renderGiven),
    missed.length === 0 ? '' : `It does not get ${of(missed.length, missedCount)}, the nearest first:\n`,
    ...missed.map((entry) => renderMissed(entry, agent)),
  ];
  return blocks.filter((block) => block !== '').join('\n');
}

function renderAgent({ state, selectors, expires_at: expiresAt }: Agent__Output, agentId: string): string {
  const until = renderInstant(expiresAt);
  const states = {
    STATE_UNKNOWN: 'has not attested, or was evicted: it is refused',
    STATE_ATTESTED: `is attested until ${until}`,
    STATE_EXPIRED: `expired at ${until}: it is refused`,
    STATE_BANNED: 'is banned: it is refused',
  };
  const lines = selectors.map((selector) => `  node selector ${renderSelector(selector)}\n`);
  return `Agent ${printable(agentId)} ${states[state]}.\n${lines.join('')}`;
}

function given(agent: Agent__Output | null, entries: readonly Entry__Output[]): string {
  const would = agent?.state === 'STATE_ATTESTED' ? 'gets' : 'would get';
  return `There a workload with these selectors ${would} ${counted(entries.length, 'identity', 'identities')}${entries.length === 0 ? '.' : ':'}\n`;
}

function renderGiven(entry: Entry__Output): string {
  const expired = entry.expires_at !== '0' && Number(entry.expires_at) * 1000 <= Date.now();
  const note = expired ? `  expired at ${renderInstant(entry.expires_at)}: it is about to be deleted\n` : '';
  return `${heading(entry)}${note}`;
}

function renderMissed(missed: Missed__Output, agent: Agent__Output | null): string {
  const { entry, missing_selectors: missing, parent, store_svid: storeSvid } = missed;
  if (entry === null) return '';
  return [
    heading(entry),
    ...missing.map((selector) => `  missing selector ${renderSelector(selector)}\n`),
    parent === null ? '' : renderParent(parent, renderId(entry.parent_id), agent),
    storeSvid ? '  its SVID goes to a secret store, never to a workload\n' : '',
  ].join('');
}

function renderParent({ agents, aliases }: Parent__Output, parentId: string, agent: Agent__Output | null): string {
  const lines = [
    `  its parent ${printable(parentId)} is not this agent\n`,
    ...agents.map((id) => `    it leads to agent ${printable(renderId(id))}\n`),
    ...aliases.flatMap(({ id, entry_id: entryId, missing_selectors: missing }) => [
      `    it leads to alias ${printable(renderId(id))} (entry ${printable(entryId)})\n`,
      ...missing.map((selector) => `      which needs node selector ${renderSelector(selector)}\n`),
      missing.length === 0 ? `      which the agent would have if it were ${why(agent)}\n` : '',
    ]),
  ];
  if (agents.length + aliases.length === 0)
    lines.push('    it is the ID of no agent, of no alias and of no entry below one\n');
  return lines.join('');
}

function why(agent: Agent__Output | null): string {
  return agent?.state === 'STATE_BANNED' ? 'not banned' : 'attested';
}

function heading({ spiffe_id: id, id: entryId }: Entry__Output): string {
  return `${printable(renderId(id))} (entry ${printable(entryId)})\n`;
}

function renderSelector({ type, value }: Selector__Output): string {
  return printable(`${type}:${value}`);
}

function of(shown: number, all: number): string {
  const entries = counted(all, 'entry', 'entries');
  return shown < all ? `${entries} (${shown} shown; --all shows all)` : entries;
}
