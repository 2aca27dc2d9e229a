// Certifies the authority of a server below this one. Of the request only the key is used: name and constraints of the
// authority are those of this trust domain.
import type { NewDownstreamX509CARequest__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/NewDownstreamX509CARequest.js';
import type { NewDownstreamX509CAResponse } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/NewDownstreamX509CAResponse.js';
import { serverError } from '../../domain/errors.js';
import { recheckDownstream } from '../downstream-check.js';
import type { UnaryHandler } from '../pipeline.js';
import type { SvidServicePorts } from './ports.js';

export function newDownstreamX509Ca(
  ports: SvidServicePorts,
): UnaryHandler<NewDownstreamX509CARequest__Output, NewDownstreamX509CAResponse> {
  const { csrs, downstreamIssuer, bundles, trustDomain, rateLimits } = ports;
  return async ({ csr, preferred_ttl: ttlSeconds }, call) => {
    await rateLimits.take(call, 1);
    call.audit.add({ trust_domain_id: trustDomain.id.toString(), preferred_ttl: ttlSeconds });
    if (csr.length === 0) throw serverError('ERR_INVALID_ARGUMENT', 'missing CSR');
    const [checked] = await csrs.check([csr]);
    if (checked === undefined || checked instanceof Error) {
      throw checked ?? serverError('ERR_CSR', 'malformed CSR: not checked');
    }
    const bundle = await bundles.get(trustDomain);
    recheckDownstream(call, ports);
    const { chain, expiresAt } = downstreamIssuer.issueDownstreamCa({ ...checked, ttlSeconds });
    call.audit.add({ expires_at: expiresAt });
    return {
      ca_cert_chain: [...chain],
      x509_authorities: (bundle?.x509Authorities ?? []).map(({ certificate }) => certificate),
    };
  };
}
