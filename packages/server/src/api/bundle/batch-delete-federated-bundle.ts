import type {
  _spire_api_server_bundle_v1_BatchDeleteFederatedBundleRequest_Mode__Output as WireMode,
  BatchDeleteFederatedBundleRequest__Output,
} from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchDeleteFederatedBundleRequest.js';
import type { BatchDeleteFederatedBundleResponse } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchDeleteFederatedBundleResponse.js';
import { isSpiffeError } from '@credence/sdk/runtime';
import type { DeleteMode } from '../../datastore/federated-bundle-store.js';
import { serverError } from '../../domain/errors.js';
import { runBatch } from '../batch.js';
import { decodeFederatedTrustDomain } from '../convert/federated-bundle.js';
import { describe, ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import type { BundleServicePorts } from './ports.js';

const modes: ReadonlyMap<unknown, DeleteMode> = new Map<WireMode, DeleteMode>([
  ['RESTRICT', 'restrict'],
  ['DELETE', 'delete'],
  ['DISSOCIATE', 'dissociate'],
]);

export function batchDeleteFederatedBundle(
  ports: BundleServicePorts,
): UnaryHandler<BatchDeleteFederatedBundleRequest__Output, BatchDeleteFederatedBundleResponse> {
  return async ({ trust_domains: names, mode: wireMode }, call) => {
    // A number that the enumeration does not have arrives as it is.
    const mode = modes.get(wireMode);
    if (mode === undefined) throw serverError('ERR_INVALID_ARGUMENT', `unhandled delete mode ${wireMode}`);
    call.audit.add({ mode });
    const results = await runBatch(
      call,
      names,
      (name) => ({ trust_domain: name }),
      async (name) => {
        await deleteBundle(ports, name, mode);
        return { status: ok };
      },
    );
    return { results: results.map((result, index) => ({ ...result, trust_domain: names[index] ?? '' })) };
  };
}

async function deleteBundle(
  { federatedBundles, trustDomain }: BundleServicePorts,
  name: string,
  mode: DeleteMode,
): Promise<void> {
  const federated = decodeFederatedTrustDomain(name, trustDomain);
  try {
    await federatedBundles.delete(federated, mode);
  } catch (error) {
    throw isSpiffeError(error, 'ERR_BUNDLE_NOT_FOUND') ? error : describe('failed to delete federated bundle', error);
  }
}
