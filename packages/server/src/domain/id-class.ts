// What a SPIFFE ID may stand for in a trust domain: a member, a workload, or an agent. The path /spire and all below it
// are reserved for the server and its agents.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import { serverError } from './errors.js';

/** The path of the server's own SPIFFE ID; entries whose parent has it are node aliases. */
export const serverPath = '/spire/server';

/** @throws `ERR_INVALID_ARGUMENT` unless the ID is of the trust domain and has a path. */
export function checkMember(id: SpiffeId, trustDomain: TrustDomain): void {
  checkTrustDomain(id, trustDomain);
  if (id.path === '') refuse(id, 'a member of', trustDomain, 'path is empty');
}

/** @throws `ERR_INVALID_ARGUMENT` unless the ID is of the trust domain, with a path outside the reserved namespace. */
export function checkWorkload(id: SpiffeId, trustDomain: TrustDomain): void {
  checkTrustDomain(id, trustDomain);
  if (id.path === '') refuse(id, 'a workload in', trustDomain, 'path is empty');
  if (id.path === '/spire' || id.path.startsWith('/spire/')) {
    refuse(id, 'a workload in', trustDomain, 'path is in the reserved namespace');
  }
}

/** @throws `ERR_INVALID_ARGUMENT` unless the ID is of the trust domain, below `/spire/agent/`. */
export function checkAgent(id: SpiffeId, trustDomain: TrustDomain): void {
  checkTrustDomain(id, trustDomain);
  if (id.path === '') refuse(id, 'an agent in', trustDomain, 'path is empty');
  if (!isAgentPath(id.path)) {
    refuse(id, 'an agent in', trustDomain, 'path is not in the agent namespace');
  }
}

/** Whether an ID with this path is an agent's own. */
export function isAgentPath(path: string): boolean {
  return path.startsWith('/spire/agent/');
}

function checkTrustDomain(id: SpiffeId, trustDomain: TrustDomain): void {
  if (id.isMemberOf(trustDomain)) return;
  throw serverError('ERR_INVALID_ARGUMENT', `"${id.toString()}" is not a member of trust domain "${trustDomain.name}"`);
}

function refuse(id: SpiffeId, role: string, trustDomain: TrustDomain, why: string): never {
  throw serverError(
    'ERR_INVALID_ARGUMENT',
    `"${id.toString()}" is not ${role} trust domain "${trustDomain.name}"; ${why}`,
  );
}
