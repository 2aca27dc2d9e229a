// Whether a caller is an agent in good standing: its SVID is the current one of an attested agent, or a renewed one that
// becomes the current one by this first use.
import { status } from '@grpc/grpc-js';
import type { Clock } from '@credence/sdk/runtime';
import { permissionDenied, StatusError, type PermissionDeniedReason } from '@credence/sdk/wire';
import type { AgentStore } from '../datastore/agent-store.js';
import { isBanned, type AttestedAgent } from '../domain/attested-agent.js';
import type { Call } from './call.js';
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
  if (agent?.renewed?.serialNumber !== peer.serialNumber) return judge(agent, peer);
  await agents.promote(peer.id, peer.serialNumber);
  // A ban, an eviction or a newer renewal may have come first, and then nothing was promoted.
  return judge(await agents.get(peer.id), peer);
}

/**
 * The check for where a refusal is thrown.
 *
 * @throws StatusError PERMISSION_DENIED with PermissionDeniedDetails
 */
export async function requireAgent(method: string, peer: PeerSvid, ports: AgentCheckPorts): Promise<AttestedAgent> {
  const verdict = await checkAgent(peer, ports);
  if (verdict.kind === 'active') return verdict.agent;
  throw permissionDenied(deniedText(method), verdict.reason);
}

/**
 * The check again, for a call that had to wait: nothing is signed after a ban or an eviction has been answered.
 *
 * @throws StatusError PERMISSION_DENIED with PermissionDeniedDetails; UNAVAILABLE when another SVID of the agent took over
 */
export async function recheckAgent(
  { method, connection }: Pick<Call, 'method' | 'connection'>,
  ports: AgentCheckPorts,
): Promise<void> {
  const peer = connection.kind === 'remote' ? connection.peer : undefined;
  if (peer === undefined) throw new TypeError(`${method} was called by another than an agent`);
  const verdict = await checkAgent(peer, ports);
  if (verdict.kind === 'active') return;
  // To an agent that is only taking up its renewed SVID, the reason would mean that it has to end.
  if (verdict.reason === 'AGENT_NOT_ACTIVE') throw new StatusError(status.UNAVAILABLE, 'agent SVID was superseded');
  throw permissionDenied(deniedText(method), verdict.reason);
}

/** The text of every refusal of the authorization. */
export function deniedText(method: string): string {
  return `authorization denied for method ${method}`;
}

function judge(agent: AttestedAgent | undefined, { serialNumber }: PeerSvid): AgentVerdict {
  if (agent === undefined) return refused('AGENT_NOT_ATTESTED');
  if (isBanned(agent)) return refused('AGENT_BANNED');
  if (agent.serialNumber !== serialNumber) return refused('AGENT_NOT_ACTIVE');
  return { kind: 'active', agent };
}

function refused(reason: PermissionDeniedReason): AgentVerdict {
  return { kind: 'refused', reason };
}
