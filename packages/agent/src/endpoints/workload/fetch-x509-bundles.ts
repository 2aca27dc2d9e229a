// FetchX509Bundles: the bundles that the caller may judge others by (SPIFFE Workload API §5.2.2).
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { workloadApi } from '@credence/sdk/wire';
import type { X509BundlesRequest__Output } from '@credence/sdk/wire/gen/X509BundlesRequest.js';
import type { X509BundlesResponse } from '@credence/sdk/wire/gen/X509BundlesResponse.js';
import { changedOnly } from './changed-only.js';
import type { WorkloadApiOptions } from './serve-caller.js';
import { snapshotStream } from './snapshot-stream.js';
import { encodeX509Bundles } from './x509-messages.js';

export function fetchX509Bundles(
  options: WorkloadApiOptions,
): handleServerStreamingCall<X509BundlesRequest__Output, X509BundlesResponse> {
  const serialize = workloadApi.definition.FetchX509Bundles.responseSerialize;
  return snapshotStream(options, {
    createEncoder: () => changedOnly(serialize, encodeX509Bundles),
    forEverybody: options.rules.allowUnauthenticatedVerifiers,
    counts: 'fetchX509Bundles',
  });
}
