import type { GetAuthorizedEntriesRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/GetAuthorizedEntriesRequest.js';
import type { GetAuthorizedEntriesResponse } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/GetAuthorizedEntriesResponse.js';
import { agentOf } from '../call.js';
import { encodeEntry } from '../convert/entry.js';
import type { UnaryHandler } from '../pipeline.js';
import type { EntryServicePorts } from './ports.js';

export function getAuthorizedEntries({
  authorized,
}: EntryServicePorts): UnaryHandler<GetAuthorizedEntriesRequest__Output, GetAuthorizedEntriesResponse> {
  return ({ output_mask: mask }, call) => {
    const entries = authorized.forAgent(agentOf(call).id);
    return Promise.resolve({ entries: entries.map((entry) => encodeEntry(entry, mask)) });
  };
}
