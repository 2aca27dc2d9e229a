// FetchX509Bundles: the bundles that the caller may judge others by (SPIFFE Workload API §5.2.2). Sent again only when
// they changed, since a snapshot also changes with the caller's own SVIDs.
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { workloadApi } from '@credence/sdk/wire';
import type { X509BundlesRequest__Output } from '@credence/sdk/wire/gen/X509BundlesRequest.js';
import type { X509BundlesResponse } from '@credence/sdk/wire/gen/X509BundlesResponse.js';
import { snapshotStream, type WorkloadApiOptions } from './snapshot-stream.js';
import { encodeX509Bundles } from './x509-messages.js';

export function fetchX509Bundles(
  options: WorkloadApiOptions,
): handleServerStreamingCall<X509BundlesRequest__Output, X509BundlesResponse> {
  const serialize = workloadApi.definition.FetchX509Bundles.responseSerialize;
  return snapshotStream(options, () => {
    let previous: Buffer | undefined;
    return (snapshot) => {
      const message = encodeX509Bundles(snapshot);
      const bytes = serialize(message);
      if (previous?.equals(bytes)) return undefined;
      previous = bytes;
      return message;
    };
  });
}
