import type { BatchCreateFederatedBundleRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchCreateFederatedBundleRequest.js';
import type { BatchCreateFederatedBundleResponse } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchCreateFederatedBundleResponse.js';
import { runBatch } from '../batch.js';
import { encodeBundle } from '../convert/bundle.js';
import { decodeFederatedBundle, decodeFederatedTrustDomain } from '../convert/federated-bundle.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { bundleAuditFields } from './audit-fields.js';
import type { BundleServicePorts } from './ports.js';

export function batchCreateFederatedBundle({
  federatedBundles,
  trustDomain,
  federation,
}: BundleServicePorts): UnaryHandler<BatchCreateFederatedBundleRequest__Output, BatchCreateFederatedBundleResponse> {
  return async ({ bundle: bundles, output_mask: mask }, call) => ({
    results: await runBatch(call, bundles, bundleAuditFields, async (wire) => {
      const bundle = decodeFederatedBundle(wire, decodeFederatedTrustDomain(wire.trust_domain, trustDomain));
      await federatedBundles.create(bundle);
      federation.wake(bundle.trustDomain);
      return { status: ok, bundle: encodeBundle(bundle, mask) };
    }),
  });
}
