// The bundle of another trust domain, for administrators and for the agents whose entries federate with it.
import type { GetFederatedBundleRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/GetFederatedBundleRequest.js';
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { serverError } from '../../domain/errors.js';
import { encodeBundle } from '../convert/bundle.js';
import { decodeFederatedTrustDomain } from '../convert/federated-bundle.js';
import type { UnaryHandler } from '../pipeline.js';
import type { BundleServicePorts } from './ports.js';

export function getFederatedBundle({
  bundles,
  trustDomain,
}: BundleServicePorts): UnaryHandler<GetFederatedBundleRequest__Output, Bundle> {
  return async ({ trust_domain: name, output_mask: mask }, call) => {
    call.audit.add({ trust_domain: name });
    const bundle = await bundles.get(decodeFederatedTrustDomain(name, trustDomain));
    if (bundle === undefined) throw serverError('ERR_BUNDLE_NOT_FOUND', 'bundle not found');
    return encodeBundle(bundle, mask);
  };
}
