// `agent count`
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { agentApi } from '@credence/sdk/wire';
import type { CountAgentsResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/CountAgentsResponse.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { counted } from '../render.js';
import { agentFilter, agentFilterFlags } from './filter.js';

export const command = defineCommand({ ...adminFlags, ...agentFilterFlags }, async (values, terminal) => {
  const filter = agentFilter(values);
  return withServer(values, terminal, async (connect) => {
    const client = connect(agentApi);
    const response = await answer<CountAgentsResponse__Output>((done) => client.CountAgents({ filter }, done));
    const text = counted(response.count, 'attested agent', 'attested agents');
    terminal.out(`${values.output === 'json' ? encodeJson(response) : text}\n`);
    return exitCodes.done;
  });
});
