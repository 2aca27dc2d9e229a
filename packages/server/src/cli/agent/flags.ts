// The flags of commands that name one agent.
import type { Flags } from '@credence/sdk/daemon';
import { adminFlags } from '../admin-client.js';

export const agentFlags = {
  ...adminFlags,
  spiffeId: { kind: 'text', spire: 'spiffeID', metavar: 'SPIFFE ID', help: 'SPIFFE ID of the agent' },
} as const satisfies Flags;
