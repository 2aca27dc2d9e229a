// FetchJWTBundles: the keys that the caller may verify JWT-SVIDs by (SPIFFE Workload API §6.2.2).
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { workloadApi } from '@credence/sdk/wire';
import type { JWTBundlesRequest__Output } from '@credence/sdk/wire/gen/JWTBundlesRequest.js';
import type { JWTBundlesResponse } from '@credence/sdk/wire/gen/JWTBundlesResponse.js';
import { changedOnly } from './changed-only.js';
import { encodeJwtBundles } from './jwt-messages.js';
import type { WorkloadApiOptions } from './serve-caller.js';
import { snapshotStream } from './snapshot-stream.js';

export function fetchJwtBundles(
  options: WorkloadApiOptions,
): handleServerStreamingCall<JWTBundlesRequest__Output, JWTBundlesResponse> {
  const serialize = workloadApi.definition.FetchJWTBundles.responseSerialize;
  return snapshotStream(options, {
    createEncoder: () => changedOnly(serialize, encodeJwtBundles),
    forEverybody: options.rules.allowUnauthenticatedVerifiers,
    counts: 'fetchJwtBundles',
  });
}
