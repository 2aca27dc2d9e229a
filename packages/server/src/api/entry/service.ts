// The Entry service.
import type { EntryHandlers } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import type { Pipeline } from '../pipeline.js';
import { batchCreateEntry } from './batch-create-entry.js';
import { batchDeleteEntry } from './batch-delete-entry.js';
import { batchUpdateEntry } from './batch-update-entry.js';
import { countEntries } from './count-entries.js';
import { getAuthorizedEntries } from './get-authorized-entries.js';
import { getEntry } from './get-entry.js';
import { listEntries } from './list-entries.js';
import type { EntryServicePorts } from './ports.js';
import { syncAuthorizedEntries } from './sync-authorized-entries.js';

export function createEntryService(ports: EntryServicePorts, pipeline: Pipeline): EntryHandlers {
  return {
    CountEntries: pipeline.unary(countEntries(ports)),
    ListEntries: pipeline.unary(listEntries(ports)),
    GetEntry: pipeline.unary(getEntry(ports)),
    BatchCreateEntry: pipeline.unary(batchCreateEntry(ports)),
    BatchUpdateEntry: pipeline.unary(batchUpdateEntry(ports)),
    BatchDeleteEntry: pipeline.unary(batchDeleteEntry(ports)),
    GetAuthorizedEntries: pipeline.unary(getAuthorizedEntries(ports)),
    SyncAuthorizedEntries: pipeline.bidi(syncAuthorizedEntries(ports)),
  };
}
