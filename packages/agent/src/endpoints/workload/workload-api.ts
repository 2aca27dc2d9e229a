// The SPIFFE Workload API: one file for each RPC.
import type { SpiffeWorkloadAPIHandlers } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import { fetchX509Bundles } from './fetch-x509-bundles.js';
import { fetchX509Svid } from './fetch-x509-svid.js';
import type { WorkloadApiOptions } from './snapshot-stream.js';
import { unimplementedCall, unimplementedStream } from './unimplemented.js';

/** The handlers of SpiffeWorkloadAPI; the security header and the peer were checked before they run. */
export function workloadApiHandlers(options: WorkloadApiOptions): SpiffeWorkloadAPIHandlers {
  return {
    FetchX509SVID: fetchX509Svid(options),
    FetchX509Bundles: fetchX509Bundles(options),
    FetchJWTSVID: unimplementedCall('fetching JWT-SVIDs'),
    FetchJWTBundles: unimplementedStream('fetching JWT bundles'),
    ValidateJWTSVID: unimplementedCall('validating JWT-SVIDs'),
    FetchWITSVID: unimplementedStream('fetching WIT-SVIDs'),
    FetchWITBundles: unimplementedStream('fetching WIT bundles'),
  };
}
