// Bans an agent: it is refused, and may not attest again, until it is evicted.
import type { Empty } from '@credence/sdk/wire/gen/google/protobuf/Empty.js';
import type { BanAgentRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/BanAgentRequest.js';
import type { UnaryHandler } from '../pipeline.js';
import { requestedAgent } from '../requested-agent.js';
import type { AgentServicePorts } from './ports.js';

export function banAgent({
  agents,
  trustDomain,
}: Pick<AgentServicePorts, 'agents' | 'trustDomain'>): UnaryHandler<BanAgentRequest__Output, Empty> {
  return async ({ id }, call) => {
    await agents.ban(requestedAgent(id, trustDomain, call));
    return {};
  };
}
