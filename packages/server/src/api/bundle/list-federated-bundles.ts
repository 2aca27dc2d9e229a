import type { ListFederatedBundlesRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/ListFederatedBundlesRequest.js';
import type { ListFederatedBundlesResponse } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/ListFederatedBundlesResponse.js';
import { encodeBundle } from '../convert/bundle.js';
import { decodePage } from '../convert/page.js';
import type { UnaryHandler } from '../pipeline.js';
import type { BundleServicePorts } from './ports.js';

export function listFederatedBundles({
  federatedBundles,
  trustDomain,
}: BundleServicePorts): UnaryHandler<ListFederatedBundlesRequest__Output, ListFederatedBundlesResponse> {
  return async (request) => {
    const { items, nextToken } = await federatedBundles.list(trustDomain, decodePage(request));
    return { bundles: items.map((bundle) => encodeBundle(bundle, request.output_mask)), next_page_token: nextToken };
  };
}
