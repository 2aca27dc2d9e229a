import type { BatchDeleteEntryRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchDeleteEntryRequest.js';
import type { BatchDeleteEntryResponse } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchDeleteEntryResponse.js';
import { serverError } from '../../domain/errors.js';
import { runBatch } from '../batch.js';
import { ok } from '../interceptors/errors.js';
import type { UnaryHandler } from '../pipeline.js';
import type { EntryServicePorts } from './ports.js';

export function batchDeleteEntry({
  entries,
}: EntryServicePorts): UnaryHandler<BatchDeleteEntryRequest__Output, BatchDeleteEntryResponse> {
  return async ({ ids }, call) => {
    const results = await runBatch(
      call,
      ids,
      (id) => ({ entry_id: id }),
      async (id) => {
        if (id === '') throw serverError('ERR_INVALID_ARGUMENT', 'missing entry ID');
        await entries.delete(id);
        return { status: ok };
      },
    );
    return { results: results.map((result, index) => ({ ...result, id: ids[index] ?? '' })) };
  };
}
