import type { ListAgentsRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/ListAgentsRequest.js';
import type { ListAgentsResponse } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/ListAgentsResponse.js';
import { decodeAgentFilter, encodeAgent } from '../convert/agent.js';
import { decodePage } from '../convert/page.js';
import type { UnaryHandler } from '../pipeline.js';
import type { AgentServicePorts } from './ports.js';

export function listAgents({
  agents,
}: Pick<AgentServicePorts, 'agents'>): UnaryHandler<ListAgentsRequest__Output, ListAgentsResponse> {
  return async (request) => {
    const { items, nextToken } = await agents.list(decodeAgentFilter(request.filter), decodePage(request));
    return {
      agents: items.map((agent) => encodeAgent(agent, request.output_mask)),
      next_page_token: nextToken,
    };
  };
}
