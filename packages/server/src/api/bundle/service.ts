// The Bundle service. Methods that are not here answer UNIMPLEMENTED, once the policy has let the caller through.
import type { BundleHandlers } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { Pipeline } from '../pipeline.js';
import { appendBundle } from './append-bundle.js';
import { batchCreateFederatedBundle } from './batch-create-federated-bundle.js';
import { batchDeleteFederatedBundle } from './batch-delete-federated-bundle.js';
import { batchSetFederatedBundle } from './batch-set-federated-bundle.js';
import { batchUpdateFederatedBundle } from './batch-update-federated-bundle.js';
import { countBundles } from './count-bundles.js';
import { getBundle } from './get-bundle.js';
import { getFederatedBundle } from './get-federated-bundle.js';
import { listFederatedBundles } from './list-federated-bundles.js';
import type { BundleServicePorts } from './ports.js';
import { publishJwtAuthority } from './publish-jwt-authority.js';

export function createBundleService(ports: BundleServicePorts, pipeline: Pipeline): Partial<BundleHandlers> {
  return {
    CountBundles: pipeline.unary(countBundles(ports)),
    GetBundle: pipeline.unary(getBundle(ports)),
    AppendBundle: pipeline.unary(appendBundle(ports)),
    PublishJWTAuthority: pipeline.unary(publishJwtAuthority(ports)),
    ListFederatedBundles: pipeline.unary(listFederatedBundles(ports)),
    GetFederatedBundle: pipeline.unary(getFederatedBundle(ports)),
    BatchCreateFederatedBundle: pipeline.unary(batchCreateFederatedBundle(ports)),
    BatchUpdateFederatedBundle: pipeline.unary(batchUpdateFederatedBundle(ports)),
    BatchSetFederatedBundle: pipeline.unary(batchSetFederatedBundle(ports)),
    BatchDeleteFederatedBundle: pipeline.unary(batchDeleteFederatedBundle(ports)),
  };
}
