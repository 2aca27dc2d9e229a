// The key of an agent SVID, and the SVID that the server issues for it.
import type { KeyObject } from 'node:crypto';
import type { TrustDomain } from '@credence/sdk';
import { generateKey } from '@credence/sdk/keys';
import { createCertificateRequest } from '@credence/sdk/x509';
import { parseAgentSvid, type AgentSvid } from '../domain/agent-svid.js';
import { agentError } from '../domain/errors.js';

/** A new key with the request for it; the subject is what SPIRE's agents ask for, and the server decides about it. */
export async function createAgentKey(): Promise<{ readonly key: KeyObject; readonly csr: Buffer }> {
  const key = await generateKey('ec-p256');
  return { key, csr: createCertificateRequest({ subject: { country: ['US'], organization: ['SPIRE'] } }, key) };
}

/** @throws ERR_SERVER_RESPONSE when the chain is not an SVID of this trust domain for this key. */
export function acceptAgentSvid(
  chain: readonly Buffer[],
  expected: { readonly key: KeyObject; readonly reattestable: boolean; readonly trustDomain: TrustDomain },
): AgentSvid {
  const svid = parse(chain, expected.key, expected.reattestable);
  if (svid.id.isMemberOf(expected.trustDomain)) return svid;
  throw agentError('ERR_SERVER_RESPONSE', `the agent SVID names ${String(svid.id)}, of another trust domain`);
}

function parse(chain: readonly Buffer[], key: KeyObject, reattestable: boolean): AgentSvid {
  try {
    return parseAgentSvid(chain, key, reattestable);
  } catch (cause) {
    throw agentError('ERR_SERVER_RESPONSE', 'the agent SVID cannot be used', { cause });
  }
}
