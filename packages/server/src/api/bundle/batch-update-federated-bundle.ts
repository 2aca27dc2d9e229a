import type { BatchUpdateFederatedBundleRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchUpdateFederatedBundleRequest.js';
import type { BatchUpdateFederatedBundleResponse } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchUpdateFederatedBundleResponse.js';
import { runBatch } from '../batch.js';
import { encodeBundle } from '../convert/bundle.js';
import { decodeBundlePatch, decodeFederatedTrustDomain } from '../convert/federated-bundle.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { bundleAuditFields } from './audit-fields.js';
import type { BundleServicePorts } from './ports.js';

export function batchUpdateFederatedBundle({
  federatedBundles,
  trustDomain,
  federation,
}: BundleServicePorts): UnaryHandler<BatchUpdateFederatedBundleRequest__Output, BatchUpdateFederatedBundleResponse> {
  return async ({ bundle: bundles, input_mask: inputMask, output_mask: outputMask }, call) => ({
    results: await runBatch(call, bundles, bundleAuditFields, async (wire) => {
      const federated = decodeFederatedTrustDomain(wire.trust_domain, trustDomain);
      const patch = decodeBundlePatch(wire, inputMask);
      const updated = await federatedBundles.update(federated, (bundle) => ({ ...bundle, ...patch }));
      federation.wake(federated);
      return { status: ok, bundle: encodeBundle(updated, outputMask) };
    }),
  });
}
