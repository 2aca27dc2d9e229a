// Which entries a workload gets on an agent, and why not the others.
import type { Agent } from '@credence/sdk/wire/gen/credence/server/v1/Agent.js';
import type { ExplainEntriesRequest__Output } from '@credence/sdk/wire/gen/credence/server/v1/ExplainEntriesRequest.js';
import type { ExplainEntriesResponse } from '@credence/sdk/wire/gen/credence/server/v1/ExplainEntriesResponse.js';
import type { Missed } from '@credence/sdk/wire/gen/credence/server/v1/Missed.js';
import type { Parent } from '@credence/sdk/wire/gen/credence/server/v1/Parent.js';
import { isBanned, type AttestedAgent } from '../../domain/attested-agent.js';
import type { MissedEntry, ParentOfOthers } from '../../registration/ports.js';
import { requestedAgent } from '../requested-agent.js';
import { encodeEntry } from '../convert/entry.js';
import { checkSetSize, decodeSelectors, encodeSelectors } from '../convert/selector.js';
import { encodeSpiffeId } from '../convert/spiffe-id.js';
import { encodeSeconds } from '../convert/time.js';
import type { UnaryHandler } from '../pipeline.js';
import type { ExplainServicePorts } from './ports.js';

export function explainEntries({
  agents,
  clock,
  explanations,
  trustDomain,
}: ExplainServicePorts): UnaryHandler<ExplainEntriesRequest__Output, ExplainEntriesResponse> {
  return async (request, call) => {
    const agentId = requestedAgent(request.agent_id, trustDomain, call);
    checkSetSize('selectors', request.selectors);
    const selectors = decodeSelectors(request.selectors);
    const agent = await agents.get(agentId);
    const { entries, missed, missedCount } = explanations.explain({
      agentId,
      agentSelectors: agent?.selectors ?? [],
      selectors,
      limit: request.limit === 0 ? Infinity : request.limit,
    });
    return {
      agent: encodeAgent(agent, clock.now()),
      entries: entries.map((entry) => encodeEntry(entry, null)),
      missed: missed.map(encodeMissed),
      missed_count: missedCount,
    };
  };
}

function encodeAgent(agent: AttestedAgent | undefined, now: Date): Agent {
  if (agent === undefined) return { state: 'STATE_UNKNOWN' };
  return {
    state: stateOf(agent, now),
    selectors: encodeSelectors(agent.selectors),
    expires_at: encodeSeconds(agent.expiresAt),
  };
}

function stateOf(agent: AttestedAgent, now: Date): Exclude<Agent['state'], undefined> {
  if (isBanned(agent)) return 'STATE_BANNED';
  return agent.expiresAt > now ? 'STATE_ATTESTED' : 'STATE_EXPIRED';
}

function encodeMissed({ entry, missingSelectors, parent, storeSvid }: MissedEntry): Missed {
  return {
    entry: encodeEntry(entry, null),
    missing_selectors: encodeSelectors(missingSelectors),
    parent: parent === undefined ? null : encodeParent(parent),
    store_svid: storeSvid,
  };
}

function encodeParent({ agents, aliases }: ParentOfOthers): Parent {
  return {
    agents: agents.map(encodeSpiffeId),
    aliases: aliases.map(({ entry, missingSelectors }) => ({
      id: encodeSpiffeId(entry.spiffeId),
      entry_id: entry.id,
      missing_selectors: encodeSelectors(missingSelectors),
    })),
  };
}
