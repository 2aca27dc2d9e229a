// Evicts an agent: what it holds is worth nothing from the next call on, and it may attest again.
import type { Empty } from '@credence/sdk/wire/gen/google/protobuf/Empty.js';
import type { DeleteAgentRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/DeleteAgentRequest.js';
import type { UnaryHandler } from '../pipeline.js';
import { requestedAgent } from '../requested-agent.js';
import type { AgentServicePorts } from './ports.js';

export function deleteAgent({
  agents,
  trustDomain,
}: Pick<AgentServicePorts, 'agents' | 'trustDomain'>): UnaryHandler<DeleteAgentRequest__Output, Empty> {
  return async ({ id }, call) => {
    await agents.delete(requestedAgent(id, trustDomain, call));
    return {};
  };
}
