// `token generate`: a join token, for one node and one use.
import { defineCommand, encodeJson, exitCodes, usageError } from '@credence/sdk/daemon';
import { agentApi } from '@credence/sdk/wire';
import type { JoinToken__Output } from '@credence/sdk/wire/gen/spire/api/types/JoinToken.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { optionalId, parseTtl } from '../values.js';

const flags = {
  ...adminFlags,
  spiffeId: { kind: 'text', spire: 'spiffeID', metavar: 'SPIFFE ID', help: 'a further SPIFFE ID for the node' },
  ttl: { kind: 'integer', default: 600, help: 'lifetime of the token, in seconds' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const agentId = optionalId('--spiffe-id', values.spiffeId);
  const ttl = parseTtl('--ttl', values.ttl);
  if (ttl === 0) throw usageError('--ttl is 0; seconds from 1 are accepted');
  return withServer(values, terminal, async (connect) => {
    const client = connect(agentApi);
    const request = { ttl, agent_id: agentId };
    const token = await answer<JoinToken__Output>((done) => client.CreateJoinToken(request, done));
    if (values.output === 'json') terminal.out(`${encodeJson(token)}\n`);
    else terminal.out(`Token: ${token.value}\n${agentId === null ? 'Warning: Missing SPIFFE ID.\n' : ''}`);
    return exitCodes.done;
  });
});
