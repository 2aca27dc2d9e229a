// The Bundle service. Methods that are not here answer UNIMPLEMENTED, once the policy has let the caller through.
import type { BundleHandlers } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { Pipeline } from '../pipeline.js';
import { getBundle } from './get-bundle.js';
import type { BundleServicePorts } from './ports.js';

export function createBundleService(ports: BundleServicePorts, pipeline: Pipeline): Partial<BundleHandlers> {
  return { GetBundle: pipeline.unary(getBundle(ports)) };
}
