// The Agent service.
import type { AgentHandlers } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { Pipeline } from '../pipeline.js';
import { attestAgent } from './attest-agent.js';
import { banAgent } from './ban-agent.js';
import { countAgents } from './count-agents.js';
import { createJoinToken } from './create-join-token.js';
import { deleteAgent } from './delete-agent.js';
import { getAgent } from './get-agent.js';
import { listAgents } from './list-agents.js';
import type { AgentServicePorts } from './ports.js';
import { postStatus } from './post-status.js';
import { renewAgent } from './renew-agent.js';

export function createAgentService(ports: AgentServicePorts, pipeline: Pipeline): AgentHandlers {
  return {
    CountAgents: pipeline.unary(countAgents(ports)),
    ListAgents: pipeline.unary(listAgents(ports)),
    GetAgent: pipeline.unary(getAgent(ports)),
    DeleteAgent: pipeline.unary(deleteAgent(ports)),
    BanAgent: pipeline.unary(banAgent(ports)),
    AttestAgent: pipeline.bidi(attestAgent(ports)),
    RenewAgent: pipeline.unary(renewAgent(ports)),
    CreateJoinToken: pipeline.unary(createJoinToken(ports)),
    PostStatus: pipeline.unary(postStatus(ports)),
  };
}
