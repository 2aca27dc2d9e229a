import type { BatchUpdateEntryRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchUpdateEntryRequest.js';
import type { BatchUpdateEntryResponse } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchUpdateEntryResponse.js';
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { EntryMask__Output } from '@credence/sdk/wire/gen/spire/api/types/EntryMask.js';
import type { RegistrationEntry } from '../../domain/registration-entry.js';
import { checkEntryPatch } from '../../registration/entry-rules.js';
import { runBatch } from '../batch.js';
import { decodeEntryPatch, encodeEntry } from '../convert/entry.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import { entryAuditFields } from './audit-fields.js';
import { converted, entryFailure } from './entry-failure.js';
import type { EntryServicePorts } from './ports.js';

export function batchUpdateEntry(
  ports: EntryServicePorts,
): UnaryHandler<BatchUpdateEntryRequest__Output, BatchUpdateEntryResponse> {
  return async ({ entries, input_mask: inputMask, output_mask: outputMask }, call) => ({
    results: await runBatch(call, entries, entryAuditFields, async (wire) => ({
      status: ok,
      entry: encodeEntry(await update(ports, wire, inputMask), outputMask),
    })),
  });
}

async function update(
  { entries, trustDomain }: EntryServicePorts,
  wire: Entry__Output,
  mask: EntryMask__Output | null,
): Promise<RegistrationEntry> {
  const patch = converted(() => checkEntryPatch(decodeEntryPatch(wire, mask), trustDomain));
  try {
    return await entries.update(wire.id, patch);
  } catch (error) {
    throw entryFailure('failed to update entry', error);
  }
}
