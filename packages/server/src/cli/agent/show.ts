// `agent show`
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { agentApi } from '@credence/sdk/wire';
import type { Agent__Output } from '@credence/sdk/wire/gen/spire/api/types/Agent.js';
import { answer, withServer } from '../admin-client.js';
import { renderAgent, renderAgentSelectors } from '../render.js';
import { requiredId } from '../values.js';
import { agentFlags } from './flags.js';

export const command = defineCommand(agentFlags, async (values, terminal) => {
  const id = requiredId('--spiffe-id', values.spiffeId);
  return withServer(values, terminal, async (connect) => {
    const client = connect(agentApi);
    const agent = await answer<Agent__Output>((done) => client.GetAgent({ id }, done));
    const text = `Found an attested agent given its SPIFFE ID\n\n${renderAgent(agent)}\n${renderAgentSelectors(agent)}`;
    terminal.out(values.output === 'json' ? `${encodeJson(agent)}\n` : text);
    return exitCodes.done;
  });
});
