// `agent list`
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { agentApi } from '@credence/sdk/wire';
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { ListAgentsRequest } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/ListAgentsRequest.js';
import type { ListAgentsResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/ListAgentsResponse.js';
import type { Agent__Output } from '@credence/sdk/wire/gen/spire/api/types/Agent.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { counted, renderAgent } from '../render.js';
import { agentFilter, agentFilterFlags } from './filter.js';

const pageSize = 1000;

export const command = defineCommand({ ...adminFlags, ...agentFilterFlags }, async (values, terminal) => {
  const filter = agentFilter(values);
  const agents = await withServer(values, terminal, (connect) => listAgents(connect(agentApi), filter));
  if (values.output === 'json') terminal.out(`${encodeJson({ agents, next_page_token: '' })}\n`);
  else terminal.out(render(agents));
  return exitCodes.done;
});

/** All that the filter lets through, page by page. */
export async function listAgents(
  client: AgentClient,
  filter: NonNullable<ListAgentsRequest['filter']>,
): Promise<readonly Agent__Output[]> {
  const agents: Agent__Output[] = [];
  for (let token = ''; ;) {
    const request = { filter, page_size: pageSize, page_token: token };
    const page = await answer<ListAgentsResponse__Output>((done) => client.ListAgents(request, done));
    agents.push(...page.agents);
    token = page.next_page_token;
    if (token === '') return agents;
  }
}

function render(agents: readonly Agent__Output[]): string {
  if (agents.length === 0) return 'No attested agents found\n';
  const blocks = agents.map((agent) => `${renderAgent(agent)}\n`);
  return `Found ${counted(agents.length, 'attested agent', 'attested agents')}:\n\n${blocks.join('')}`;
}
