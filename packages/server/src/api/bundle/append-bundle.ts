// Adds authorities to the trust domain's own bundle.
import type { AppendBundleRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/AppendBundleRequest.js';
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { serverError } from '../../domain/errors.js';
import { decodeJwtAuthority, decodeX509Authority, encodeBundle } from '../convert/bundle.js';
import { describe } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { appendAuthorities } from './append-authorities.js';
import type { BundleServicePorts } from './ports.js';

export function appendBundle(ports: BundleServicePorts): UnaryHandler<AppendBundleRequest__Output, Bundle> {
  return async ({ x509_authorities: x509, jwt_authorities: jwt, output_mask: mask }, call) => {
    call.audit.add({ x509_authorities: x509.length, jwt_authorities: jwt.map(({ key_id: id }) => id) });
    if (x509.length + jwt.length === 0) throw serverError('ERR_INVALID_ARGUMENT', 'no authorities to append');
    const jwtAuthorities = convert('failed to convert JWT authority', jwt, decodeJwtAuthority);
    const x509Authorities = convert('failed to convert X.509 authority', x509, decodeX509Authority);
    const bundle = await appendAuthorities(ports, { x509Authorities, jwtAuthorities });
    return encodeBundle({ ...bundle, refreshHintSeconds: 0 }, mask);
  };
}

function convert<Wire, Authority>(
  message: string,
  authorities: readonly Wire[],
  decode: (authority: Wire) => Authority,
): readonly Authority[] {
  try {
    return authorities.map(decode);
  } catch (error) {
    throw describe(message, error);
  }
}
