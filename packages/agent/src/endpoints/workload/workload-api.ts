// The SPIFFE Workload API: one file for each RPC.
import type { SpiffeWorkloadAPIHandlers } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import { fetchJwtBundles } from './fetch-jwt-bundles.js';
import { fetchJwtSvid } from './fetch-jwt-svid.js';
import { fetchX509Bundles } from './fetch-x509-bundles.js';
import { fetchX509Svid } from './fetch-x509-svid.js';
import type { WorkloadApiOptions } from './serve-caller.js';
import { unimplementedStream } from './unimplemented.js';
import { validateJwtSvid } from './validate-jwt-svid.js';

/** The handlers of SpiffeWorkloadAPI; the security header and the peer were checked before they run. */
export function workloadApiHandlers(options: WorkloadApiOptions): SpiffeWorkloadAPIHandlers {
  return {
    FetchX509SVID: fetchX509Svid(options),
    FetchX509Bundles: fetchX509Bundles(options),
    FetchJWTSVID: fetchJwtSvid(options),
    FetchJWTBundles: fetchJwtBundles(options),
    ValidateJWTSVID: validateJwtSvid(options),
    FetchWITSVID: unimplementedStream('fetching WIT-SVIDs'),
    FetchWITBundles: unimplementedStream('fetching WIT bundles'),
  };
}
