// Tells an agent that there is something new for it, at once.
import type { WatchChangesRequest__Output } from '@credence/sdk/wire/gen/credence/server/v1/WatchChangesRequest.js';
import type { WatchChangesResponse } from '@credence/sdk/wire/gen/credence/server/v1/WatchChangesResponse.js';
import { agentOf } from '../call.js';
import type { StreamHandler } from '../pipeline.js';
import type { ChangesServicePorts } from './ports.js';

export function watchChanges({
  watches,
}: ChangesServicePorts): StreamHandler<WatchChangesRequest__Output, WatchChangesResponse> {
  return async function* (_, call) {
    for await (const { entries, bundles, entryIds } of watches.watch(agentOf(call).id, call.signal)) {
      yield { entries, bundles, entry_ids: [...entryIds] };
    }
  };
}
