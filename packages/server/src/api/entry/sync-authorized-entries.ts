// The agent's entries with as little traffic as they allow: all at once when they fit one page, else their revisions
// first and then only the entries that the agent asks for.
import type { SyncAuthorizedEntriesRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesRequest.js';
import type { SyncAuthorizedEntriesResponse } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesResponse.js';
import { serverError } from '../../domain/errors.js';
import type { RegistrationEntry } from '../../domain/registration-entry.js';
import { agentOf } from '../call.js';
import { encodeEntry } from '../convert/entry.js';
import { encodeSeconds } from '../convert/time.js';
import type { BidiHandler } from '../pipeline.js';
import type { EntryServicePorts } from './ports.js';

/** Entries or revisions in one message. */
const syncPageSize = 500;

type Sync = BidiHandler<SyncAuthorizedEntriesRequest__Output, SyncAuthorizedEntriesResponse>;

export function syncAuthorizedEntries({ authorized }: EntryServicePorts): Sync {
  return async function* (requests, call) {
    const entries = authorized.forAgent(agentOf(call).id);
    const first = (await requests.next()).value;
    if (first === undefined) return;
    checkFirst(first);
    const encode = (entry: RegistrationEntry): ReturnType<typeof encodeEntry> => encodeEntry(entry, first.output_mask);
    if (entries.length <= syncPageSize) {
      yield { entries: entries.map(encode), more: false };
      return;
    }
    for (const { page, more } of pagesOf(entries)) yield { entry_revisions: page.map(revisionOf), more };
    const byId = new Map(entries.map((entry) => [entry.id, entry]));
    for (let next = await requests.next(); next.done !== true; next = await requests.next()) {
      // Unknown IDs are skipped: the agent may ask for what was deleted meanwhile.
      const asked = [...new Set(next.value.ids)].sort().flatMap((id) => byId.get(id) ?? []);
      for (const { page, more } of pagesOf(asked)) yield { entries: page.map(encode), more };
    }
  };
}

function checkFirst({ ids, output_mask: mask }: SyncAuthorizedEntriesRequest__Output): void {
  if (ids.length > 0) {
    throw serverError('ERR_INVALID_ARGUMENT', 'specifying IDs on initial request is not supported');
  }
  if (mask !== null && !mask.revision_number) {
    throw serverError('ERR_INVALID_ARGUMENT', 'revision number cannot be masked');
  }
}

function revisionOf({ id, revisionNumber, createdAt }: RegistrationEntry): {
  id: string;
  revision_number: number;
  created_at: string;
} {
  return { id, revision_number: revisionNumber, created_at: encodeSeconds(createdAt) };
}

/** At least one page, which may be empty. */
function* pagesOf<T>(items: readonly T[]): Generator<{ page: readonly T[]; more: boolean }> {
  let start = 0;
  do {
    const end = start + syncPageSize;
    yield { page: items.slice(start, end), more: end < items.length };
    start = end;
  } while (start < items.length);
}
