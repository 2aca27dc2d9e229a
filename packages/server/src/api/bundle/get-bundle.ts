// The trust domain's own bundle, for everybody: it holds public keys, and nobody can verify us without it.
import type { GetBundleRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/GetBundleRequest.js';
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { serverError } from '../../domain/errors.js';
import { encodeBundle } from '../convert/bundle.js';
import type { UnaryHandler } from '../pipeline.js';
import type { BundleServicePorts } from './ports.js';

export function getBundle({
  bundles,
  trustDomain,
}: BundleServicePorts): UnaryHandler<GetBundleRequest__Output, Bundle> {
  return async ({ output_mask: mask }) => {
    const bundle = await bundles.get(trustDomain);
    if (bundle === undefined) throw serverError('ERR_BUNDLE_NOT_FOUND', 'bundle not found');
    // The hint is for those who poll the bundle endpoint.
    return encodeBundle({ ...bundle, refreshHintSeconds: 0 }, mask);
  };
}
