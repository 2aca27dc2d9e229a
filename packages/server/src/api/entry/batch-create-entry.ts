import { status } from '@grpc/grpc-js';
import type { BatchCreateEntryRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchCreateEntryRequest.js';
import type { BatchCreateEntryResponse } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchCreateEntryResponse.js';
import type { Entry, Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { EntryMask__Output } from '@credence/sdk/wire/gen/spire/api/types/EntryMask.js';
import type { CreateOutcome } from '../../datastore/entry-store.js';
import { checkNewEntry } from '../../registration/entry-rules.js';
import { runBatch, type ItemResult } from '../batch.js';
import { decodeEntry, encodeEntry } from '../convert/entry.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { entryAuditFields } from './audit-fields.js';
import { converted, entryFailure } from './entry-failure.js';
import type { EntryServicePorts } from './ports.js';

export function batchCreateEntry(
  ports: EntryServicePorts,
): UnaryHandler<BatchCreateEntryRequest__Output, BatchCreateEntryResponse> {
  return async ({ entries, output_mask: mask }, call) => ({
    results: await runBatch(call, entries, entryAuditFields, async (wire) => encode(await create(ports, wire), mask)),
  });
}

async function create({ entries, trustDomain }: EntryServicePorts, wire: Entry__Output): Promise<CreateOutcome> {
  const entry = converted(() => checkNewEntry(decodeEntry(wire), trustDomain));
  try {
    return await entries.create(entry);
  } catch (error) {
    throw entryFailure('failed to create entry', error);
  }
}

function encode({ kind, entry }: CreateOutcome, mask: EntryMask__Output | null): ItemResult & { entry: Entry } {
  // Clients adopt the similar entry that is already there.
  const similar = { code: status.ALREADY_EXISTS, message: 'similar entry already exists' };
  return { status: kind === 'created' ? ok : similar, entry: encodeEntry(entry, mask) };
}
