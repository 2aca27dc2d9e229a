import type { GetAgentRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/GetAgentRequest.js';
import type { Agent } from '@credence/sdk/wire/gen/spire/api/types/Agent.js';
import { serverError } from '../../domain/errors.js';
import { encodeAgent } from '../convert/agent.js';
import type { UnaryHandler } from '../pipeline.js';
import { requestedAgent } from '../requested-agent.js';
import type { AgentServicePorts } from './ports.js';

export function getAgent({
  agents,
  trustDomain,
}: Pick<AgentServicePorts, 'agents' | 'trustDomain'>): UnaryHandler<GetAgentRequest__Output, Agent> {
  return async ({ id, output_mask: mask }, call) => {
    const agent = await agents.get(requestedAgent(id, trustDomain, call));
    if (agent === undefined) throw serverError('ERR_AGENT_NOT_FOUND', 'agent not found');
    return encodeAgent(agent, mask);
  };
}
