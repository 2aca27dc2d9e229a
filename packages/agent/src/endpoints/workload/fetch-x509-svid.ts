// FetchX509SVID: the caller's X.509-SVIDs with their keys and bundles (SPIFFE Workload API §5.2.1).
import type { handleServerStreamingCall } from '@grpc/grpc-js';
import type { X509SVIDRequest__Output } from '@credence/sdk/wire/gen/X509SVIDRequest.js';
import type { X509SVIDResponse } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import type { WorkloadApiOptions } from './serve-caller.js';
import { snapshotStream } from './snapshot-stream.js';
import { withUniqueHints } from './unique-hints.js';
import { encodeX509Svids } from './x509-messages.js';

export function fetchX509Svid(
  options: WorkloadApiOptions,
): handleServerStreamingCall<X509SVIDRequest__Output, X509SVIDResponse> {
  // Streams of the same selectors share their snapshots: one message for all of them.
  const messages = new WeakMap<WorkloadSnapshot, X509SVIDResponse>();
  return snapshotStream(options, {
    createEncoder: (log) => (snapshot) => {
      const identities = withUniqueHints(snapshot.identities, log);
      log.debug({ spiffeIds: identities.map(({ spiffeId }) => spiffeId.toString()) }, 'fetched X.509-SVIDs');
      const message = messages.get(snapshot) ?? encodeX509Svids(snapshot, identities);
      messages.set(snapshot, message);
      return message;
    },
    forEverybody: false,
    counts: 'fetchX509Svid',
  });
}
