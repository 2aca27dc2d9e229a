// Whether a caller is an agent in good standing: its SVID is the current one of an attested agent, or a renewed one that
// becomes the current one by this first use.
import type { Clock } from '@credence/sdk/runtime';
import type { PermissionDeniedReason } from '@credence/sdk/wire';
import type { AgentStore } from '../datastore/agent-store.js';
import { isBanned, type AttestedAgent } from '../domain/attested-agent.js';
import type { PeerSvid } from './caller.js';

export type AgentVerdict =
  | { readonly kind: 'active'; readonly agent: AttestedAgent }
  | { readonly kind: 'refused'; readonly reason: PermissionDeniedReason };

export interface AgentCheckPorts {
  readonly agents: Pick<AgentStore, 'get' | 'promote'>;
  readonly clock: Clock;
}

/** Reads the agent from the datastore each time, so that a ban or an eviction takes effect with the next call. */
export async function checkAgent(peer: PeerSvid, { agents, clock }: AgentCheckPorts): Promise<AgentVerdict> {
  if (peer.expiresAt <= clock.now()) return refused('AGENT_EXPIRED');
  const agent = await agents.get(peer.id);
  if (agent === undefined) return refused('AGENT_NOT_ATTESTED');
  if (isBanned(agent)) return refused('AGENT_BANNED');
  if (peer.serialNumber === agent.serialNumber) return { kind: 'active', agent };
  if (peer.serialNumber !== agent.renewed?.serialNumber) return refused('AGENT_NOT_ACTIVE');
  await agents.promote(peer.id, peer.serialNumber);
  return { kind: 'active', agent: { ...agent, ...agent.renewed, renewed: undefined } };
}

function refused(reason: PermissionDeniedReason): AgentVerdict {
  return { kind: 'refused', reason };
}
