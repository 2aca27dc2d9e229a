import type { GetEntryRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/GetEntryRequest.js';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { serverError } from '../../domain/errors.js';
import { encodeEntry } from '../convert/entry.js';
import type { UnaryHandler } from '../pipeline.js';
import type { EntryServicePorts } from './ports.js';

export function getEntry({ entries }: EntryServicePorts): UnaryHandler<GetEntryRequest__Output, Entry> {
  return async ({ id, output_mask: mask }, call) => {
    call.audit.add({ entry_id: id });
    if (id === '') throw serverError('ERR_INVALID_ARGUMENT', 'missing ID');
    const entry = await entries.get(id);
    if (entry === undefined) throw serverError('ERR_ENTRY_NOT_FOUND', 'entry not found');
    return encodeEntry(entry, mask);
  };
}
