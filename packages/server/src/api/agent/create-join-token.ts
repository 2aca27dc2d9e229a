// Makes a join token, and with it the alias entry that gives the joining node a name of the administrator's choice.
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import type { CreateJoinTokenRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/CreateJoinTokenRequest.js';
import type { JoinToken } from '@credence/sdk/wire/gen/spire/api/types/JoinToken.js';
import { joinTokenAgentPath, maxTokenBytes } from '../../attestation/join-token/join-token-attestor.js';
import { serverError } from '../../domain/errors.js';
import type { NewEntry } from '../../domain/registration-entry.js';
import { randomUuid } from '../../domain/uuid.js';
import { decodeWorkloadId } from '../convert/spiffe-id.js';
import { encodeSeconds } from '../convert/time.js';
import { describe } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import type { AgentServicePorts } from './ports.js';

export function createJoinToken(
  ports: Pick<AgentServicePorts, 'joinTokens' | 'trustDomain' | 'clock' | 'random'>,
): UnaryHandler<CreateJoinTokenRequest__Output, JoinToken> {
  const { joinTokens, trustDomain, clock, random } = ports;
  return async (request, call) => {
    call.audit.add({ ttl: request.ttl });
    if (request.ttl < 1) throw serverError('ERR_INVALID_ARGUMENT', 'ttl is required, you must provide one');
    const name = request.agent_id === null ? undefined : aliasName(request, trustDomain);
    if (name !== undefined) call.audit.add({ agent_id: name.toString() });
    const value = request.token === '' ? randomUuid(random) : request.token;
    const agentId = joiningAgent(value, trustDomain);
    const expiresAt = new Date(clock.now().getTime() + request.ttl * 1000);
    const alias = name === undefined ? undefined : aliasEntry(randomUuid(random), agentId, name);
    try {
      await joinTokens.create({ value, expiresAt }, alias);
    } catch (error) {
      throw describe('failed to create token', error);
    }
    return { value, expires_at: encodeSeconds(expiresAt) };
  };
}

function aliasName(request: CreateJoinTokenRequest__Output, trustDomain: TrustDomain): SpiffeId {
  try {
    return decodeWorkloadId(request.agent_id, trustDomain);
  } catch (error) {
    throw describe('invalid agent ID', error);
  }
}

/** The agent that the token will attest: the token becomes a path segment (SPIFFE-ID §2.2). */
function joiningAgent(token: string, trustDomain: TrustDomain): SpiffeId {
  if (/^[A-Za-z0-9._-]+$/.test(token) && token !== '.' && token !== '..' && token.length <= maxTokenBytes) {
    return SpiffeId.fromPath(trustDomain, joinTokenAgentPath(token));
  }
  throw serverError(
    'ERR_INVALID_ARGUMENT',
    `token is no path segment: expected 1 to ${maxTokenBytes} of A-Z a-z 0-9 . - _ (SPIFFE-ID §2.2)`,
  );
}

function aliasEntry(id: string, agentId: SpiffeId, name: SpiffeId): NewEntry {
  return {
    id,
    parentId: agentId,
    spiffeId: name,
    selectors: [{ type: 'spiffe_id', value: agentId.toString() }],
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    admin: false,
    downstream: false,
    storeSvid: false,
    hint: '',
    dnsNames: [],
    expiresAt: undefined,
    additionalAttributes: undefined,
  };
}
