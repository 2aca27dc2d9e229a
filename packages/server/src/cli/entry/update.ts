// `entry update`: replaces entries as a whole, by flags or by a file.
import { defineCommand, usageError } from '@credence/sdk/daemon';
import { entryApi } from '@credence/sdk/wire';
import type { EntryClient } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import type { BatchUpdateEntryResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchUpdateEntryResponse.js';
import type { Entry, Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { reportBatch } from './batch-result.js';
import { entriesOf } from './entry-of-flags.js';
import { entryFlags } from './flags.js';

export const command = defineCommand({ ...adminFlags, ...entryFlags }, async (values, terminal) => {
  const requested = await entriesOf(values, terminal);
  if (requested.some(({ id }) => id === '')) throw usageError('--entry-id is required');
  return withServer(values, terminal, async (connect) => {
    const client = connect(entryApi);
    const entries = await Promise.all(requested.map((entry) => withStoredAttributes(client, entry)));
    const response = await answer<BatchUpdateEntryResponse__Output>((done) =>
      client.BatchUpdateEntry({ entries }, done),
    );
    return reportBatch(response, { verb: 'update', output: values.output, requested: entries }, terminal);
  });
});

// Attributes are replaced together: the one that is not named keeps its value.
async function withStoredAttributes(client: EntryClient, entry: Entry): Promise<Entry> {
  const named = entry.additional_attributes;
  if (named === undefined || named === null) return entry;
  const stored = await answer<Entry__Output>((done) => client.GetEntry({ id: entry.id ?? '' }, done));
  return { ...entry, additional_attributes: { ...stored.additional_attributes, ...named } };
}
