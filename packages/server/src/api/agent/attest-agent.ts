// Node attestation: a node proves which one it is, by challenges if its attestor asks, and gets an agent SVID.
import { SpiffeId } from '@credence/sdk/spiffeid';
import type { AttestAgentRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentRequest.js';
import type { AttestAgentResponse } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentResponse.js';
import type { AttestedNode, NodeAttestor } from '../../attestation/node-attestor.js';
import { isBanned } from '../../domain/attested-agent.js';
import { serverError } from '../../domain/errors.js';
import { isAgentPath } from '../../domain/id-class.js';
import { selectorKey, type Selector } from '../../domain/selector.js';
import type { Call } from '../call.js';
import { encodeX509Svid } from '../convert/svid.js';
import type { BidiHandler } from '../pipeline.js';
import { checkAgentCsr, issueAgentSvid } from './agent-svid.js';
import { attestWithChallenges } from './challenges.js';
import type { AgentServicePorts } from './ports.js';

export function attestAgent(ports: AgentServicePorts): BidiHandler<AttestAgentRequest__Output, AttestAgentResponse> {
  return async function* (requests, call) {
    await ports.rateLimits.take(call, 1);
    const { type, payload, csr } = checkParams((await requests.next()).value);
    call.audit.add({ attestor: type });
    const attestor = ports.attestors.get(type);
    // Before the attestor, so that a bad request does not cost a join token.
    const checkedCsr = await checkAgentCsr(ports.csrs, csr);
    const node = yield* attestWithChallenges(attestor, payload, requests);
    const id = await checkAgentId(ports, attestor, node, call);
    const svid = issueAgentSvid(ports, id, checkedCsr);
    await ports.agents.attest({
      id,
      attestationType: attestor.type,
      serialNumber: svid.serialNumber,
      expiresAt: svid.expiresAt,
      canReattest: node.canReattest,
      selectors: distinct(node.selectors),
    });
    yield { result: { svid: encodeX509Svid(id, svid), reattestable: node.canReattest } };
  };
}

interface AttestParams {
  readonly type: string;
  readonly payload: Uint8Array;
  readonly csr: Uint8Array;
}

function checkParams(first: AttestAgentRequest__Output | undefined): AttestParams {
  const params = first?.params ?? null;
  if (params === null) throw malformed('missing params');
  if (params.data === null) throw malformed('missing attestation data');
  if (params.params === null) throw malformed('missing X509-SVID parameters');
  if (params.params.csr.length === 0) throw malformed('missing CSR');
  if (params.data.type === '') throw malformed('missing attestation data type');
  if (params.data.payload.length === 0) throw malformed('missing attestation data payload');
  return { type: params.data.type, payload: params.data.payload, csr: params.params.csr };
}

function malformed(problem: string): Error {
  return serverError('ERR_INVALID_ARGUMENT', `malformed param: ${problem}`);
}

/** An attestor speaks for no agent of another one, nor for one that is banned. */
async function checkAgentId(
  { trustDomain, agents, attestors }: Pick<AgentServicePorts, 'trustDomain' | 'agents' | 'attestors'>,
  attestor: NodeAttestor,
  { agentPath, otherPaths = [] }: AttestedNode,
  call: Call,
): Promise<SpiffeId> {
  const id = SpiffeId.fromPath(trustDomain, agentPath);
  if (!isAgentPath(id.path))
    throw new TypeError(`node attestor ${attestor.type} answered no agent ID: ${id.toString()}`);
  call.audit.add({ agent_id: id.toString() });
  const [, , , place = ''] = id.path.split('/');
  const known = await agents.get(id);
  if (
    (place !== attestor.type && attestors.has(place)) ||
    (known?.attestationType ?? attestor.type) !== attestor.type
  ) {
    throw serverError('ERR_NODE_PROOF', `failed to attest: ${id.toString()} is an agent of another node attestor`);
  }
  if (known !== undefined && isBanned(known)) {
    throw serverError('ERR_AGENT_BANNED', 'failed to attest: agent is banned');
  }
  for (const path of otherPaths) await checkUnknown(agents, SpiffeId.fromPath(trustDomain, path));
  return id;
}

/** A ban of one name would be none, were there another. */
async function checkUnknown(agents: AgentServicePorts['agents'], other: SpiffeId): Promise<void> {
  const known = await agents.get(other);
  if (known === undefined) return;
  if (isBanned(known)) throw serverError('ERR_AGENT_BANNED', 'failed to attest: agent is banned');
  throw serverError('ERR_NODE_PROOF', `failed to attest: the node is known as ${other.toString()}`);
}

function distinct(selectors: readonly Selector[]): readonly Selector[] {
  return [...new Map(selectors.map((selector) => [selectorKey(selector), selector])).values()];
}
