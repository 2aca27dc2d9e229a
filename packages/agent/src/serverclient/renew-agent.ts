// RenewAgent: a new agent SVID for an agent that does not attest again.
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import { agentError } from '../domain/errors.js';
import { unary } from './calls.js';

/** The chain, DER, leaf first. @throws ERR_SERVER_RESPONSE, ServiceError */
export async function renewAgent(client: AgentClient, csr: Buffer, signal: AbortSignal): Promise<readonly Buffer[]> {
  const { svid } = await unary(client.renewAgent.bind(client), { params: { csr } }, signal);
  if (svid === null) throw agentError('ERR_SERVER_RESPONSE', 'RenewAgent: the response holds no X.509-SVID');
  return svid.cert_chain;
}
