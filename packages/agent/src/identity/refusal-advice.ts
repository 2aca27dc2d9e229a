// What an operator can do for an agent that the server refuses.
import type { SpiffeId } from '@credence/sdk';

const joinTokenAgents = '/spire/agent/join_token/';

/** @param reason of PermissionDeniedDetails */
export function refusalAdvice(reason: string, id: SpiffeId): string {
  const again = id.path.startsWith(joinTokenAgents)
    ? 'make a new join token ("credence-server token generate") and start the agent with it'
    : 'start the agent again: it attests by itself';
  const evict = `evict it on the server ("credence-server agent evict -spiffeID ${String(id)}")`;
  switch (reason) {
    case 'AGENT_BANNED':
      return `it is banned: ${evict}, then ${again}`;
    case 'AGENT_EXPIRED':
      return `its SVID expired before it could be renewed: ${again}`;
    case 'AGENT_NOT_ATTESTED':
      return `it was evicted, or the server lost its data: ${again}`;
    case 'AGENT_NOT_ACTIVE':
      return `another SVID of the same agent is in use, perhaps from a copy of the data directory: ${evict}, then ${again}`;
    default:
      return `${evict}, then ${again}`;
  }
}
