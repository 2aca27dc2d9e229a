import type { CountBundlesRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/CountBundlesRequest.js';
import type { CountBundlesResponse } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/CountBundlesResponse.js';
import type { UnaryHandler } from '../pipeline.js';
import type { BundleServicePorts } from './ports.js';

/** The own bundle counts too. */
export function countBundles({
  bundles,
}: BundleServicePorts): UnaryHandler<CountBundlesRequest__Output, CountBundlesResponse> {
  return async () => ({ count: (await bundles.list()).length });
}
