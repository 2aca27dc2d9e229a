import type { ListEntriesRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/ListEntriesRequest.js';
import type { ListEntriesResponse } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/ListEntriesResponse.js';
import { decodeEntryFilter } from '../convert/entry-filter.js';
import { encodeEntry } from '../convert/entry.js';
import { decodePage } from '../convert/page.js';
import type { UnaryHandler } from '../pipeline.js';
import type { EntryServicePorts } from './ports.js';

export function listEntries({
  entries,
  trustDomain,
}: EntryServicePorts): UnaryHandler<ListEntriesRequest__Output, ListEntriesResponse> {
  return async (request) => {
    const { items, nextToken } = await entries.list(
      decodeEntryFilter(request.filter, trustDomain),
      decodePage(request),
    );
    return {
      entries: items.map((entry) => encodeEntry(entry, request.output_mask)),
      next_page_token: nextToken,
    };
  };
}
