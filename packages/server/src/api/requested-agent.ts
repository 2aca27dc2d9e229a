// The agent that a request names.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { SPIFFEID__Output } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import { shortenJoinTokens } from '../domain/join-token.js';
import type { Call } from './call.js';
import { decodeAgentId } from './convert/spiffe-id.js';
import { describe } from './interceptors/errors.js';

/** Decodes the ID and notes it for the audit record. @throws StatusError INVALID_ARGUMENT `invalid agent ID: …` */
export function requestedAgent(wire: SPIFFEID__Output | null, trustDomain: TrustDomain, call: Call): SpiffeId {
  try {
    const id = decodeAgentId(wire, trustDomain);
    call.audit.add({ agent_id: shortenJoinTokens(id.toString()) });
    return id;
  } catch (error) {
    throw describe('invalid agent ID', error);
  }
}
