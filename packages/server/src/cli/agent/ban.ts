// `agent ban`
import { defineCommand, exitCodes } from '@credence/sdk/daemon';
import { agentApi } from '@credence/sdk/wire';
import type { Empty__Output } from '@credence/sdk/wire/gen/google/protobuf/Empty.js';
import { answer, withServer } from '../admin-client.js';
import { requiredId } from '../values.js';
import { agentFlags } from './flags.js';

export const command = defineCommand(agentFlags, async (values, terminal) => {
  const id = requiredId('--spiffe-id', values.spiffeId);
  return withServer(values, terminal, async (connect) => {
    const client = connect(agentApi);
    await answer<Empty__Output>((done) => client.BanAgent({ id }, done));
    terminal.out(values.output === 'json' ? '{}\n' : 'Agent banned successfully\n');
    return exitCodes.done;
  });
});
