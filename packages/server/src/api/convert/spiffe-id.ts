// SPIFFE IDs on the wire ⇄ SpiffeId. Every ID that enters is parsed by the grammar of SPIFFE-ID §2, and then held against
// what it is to name: a member of the trust domain, a workload, an agent.
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import type { SPIFFEID, SPIFFEID__Output } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import { serverError } from '../../domain/errors.js';
import { checkAgent, checkMember, checkWorkload } from '../../domain/id-class.js';

/** @throws `ERR_INVALID_ARGUMENT` */
function decodeSpiffeId(wire: SPIFFEID__Output | null): SpiffeId {
  if (wire === null) throw serverError('ERR_INVALID_ARGUMENT', 'request must specify SPIFFE ID');
  const trustDomain = decodeTrustDomain(wire.trust_domain);
  return refuseAsInvalid(() => SpiffeId.fromPath(trustDomain, wire.path));
}

/** Takes a name or a SPIFFE ID, of which the trust domain is kept. @throws `ERR_INVALID_ARGUMENT` */
export function decodeTrustDomain(nameOrId: string): TrustDomain {
  return refuseAsInvalid(() => TrustDomain.parse(nameOrId));
}

export function encodeSpiffeId(id: SpiffeId): SPIFFEID {
  return { trust_domain: id.trustDomain.name, path: id.path };
}

/** @throws `ERR_INVALID_ARGUMENT` unless it names a member of the trust domain */
export function decodeMemberId(wire: SPIFFEID__Output | null, trustDomain: TrustDomain): SpiffeId {
  const id = decodeSpiffeId(wire);
  checkMember(id, trustDomain);
  return id;
}

/** @throws `ERR_INVALID_ARGUMENT` unless it names a member outside the reserved namespace */
export function decodeWorkloadId(wire: SPIFFEID__Output | null, trustDomain: TrustDomain): SpiffeId {
  const id = decodeSpiffeId(wire);
  checkWorkload(id, trustDomain);
  return id;
}

/** @throws `ERR_INVALID_ARGUMENT` unless it names an agent */
export function decodeAgentId(wire: SPIFFEID__Output | null, trustDomain: TrustDomain): SpiffeId {
  const id = decodeSpiffeId(wire);
  checkAgent(id, trustDomain);
  return id;
}

function refuseAsInvalid<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'malformed SPIFFE ID';
    throw serverError('ERR_INVALID_ARGUMENT', reason, { cause: error });
  }
}
