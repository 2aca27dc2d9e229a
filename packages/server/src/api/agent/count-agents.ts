import type { CountAgentsRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/CountAgentsRequest.js';
import type { CountAgentsResponse } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/CountAgentsResponse.js';
import { decodeAgentFilter } from '../convert/agent.js';
import type { UnaryHandler } from '../pipeline.js';
import type { AgentServicePorts } from './ports.js';

export function countAgents({
  agents,
}: Pick<AgentServicePorts, 'agents'>): UnaryHandler<CountAgentsRequest__Output, CountAgentsResponse> {
  return async ({ filter }) => ({ count: await agents.count(decodeAgentFilter(filter)) });
}
