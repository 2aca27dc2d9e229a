import type { CountEntriesRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/CountEntriesRequest.js';
import type { CountEntriesResponse } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/CountEntriesResponse.js';
import { decodeEntryFilter } from '../convert/entry-filter.js';
import type { UnaryHandler } from '../pipeline.js';
import type { EntryServicePorts } from './ports.js';

export function countEntries({
  entries,
  trustDomain,
}: EntryServicePorts): UnaryHandler<CountEntriesRequest__Output, CountEntriesResponse> {
  return async ({ filter }) => ({ count: await entries.count(decodeEntryFilter(filter, trustDomain)) });
}
