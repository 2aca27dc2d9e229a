// PostStatus: what this agent is, and how new its bundle is, for those who look at the server's list of agents.
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import { version } from '../domain/version.js';
import { unary } from './calls.js';

/** @param bundleSerial the sequence number of the trust domain's bundle. @throws ServiceError */
export async function postStatus(client: AgentClient, bundleSerial: bigint, signal: AbortSignal): Promise<void> {
  const request = { current_bundle_serial: bundleSerial.toString(), agent_version: version };
  await unary(client.postStatus.bind(client), request, signal);
}
