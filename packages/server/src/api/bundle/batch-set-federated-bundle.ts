import type { BatchSetFederatedBundleRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchSetFederatedBundleRequest.js';
import type { BatchSetFederatedBundleResponse } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchSetFederatedBundleResponse.js';
import { runBatch } from '../batch.js';
import { encodeBundle } from '../convert/bundle.js';
import { decodeFederatedBundle, decodeFederatedTrustDomain } from '../convert/federated-bundle.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { bundleAuditFields } from './audit-fields.js';
import type { BundleServicePorts } from './ports.js';

/** Creates the bundle, or replaces it with its sequence number and refresh hint. */
export function batchSetFederatedBundle({
  bundles: store,
  trustDomain,
  federation,
}: BundleServicePorts): UnaryHandler<BatchSetFederatedBundleRequest__Output, BatchSetFederatedBundleResponse> {
  return async ({ bundle: bundles, output_mask: mask }, call) => ({
    results: await runBatch(call, bundles, bundleAuditFields, async (wire) => {
      const bundle = decodeFederatedBundle(wire, decodeFederatedTrustDomain(wire.trust_domain, trustDomain));
      await store.set(bundle);
      federation.wake(bundle.trustDomain);
      return { status: ok, bundle: encodeBundle(bundle, mask) };
    }),
  });
}
