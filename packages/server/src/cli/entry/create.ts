// `entry create`: one entry by flags, or several by a file.
import { defineCommand } from '@credence/sdk/daemon';
import { entryApi } from '@credence/sdk/wire';
import type { BatchCreateEntryResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/BatchCreateEntryResponse.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { reportBatch } from './batch-result.js';
import { entriesOf } from './entry-of-flags.js';
import { entryFlags } from './flags.js';

const flags = {
  ...adminFlags,
  ...entryFlags,
  node: { kind: 'boolean', default: false, help: "the entry is a node's: its parent is the server" },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const entries = [...(await entriesOf(values, terminal))];
  return withServer(values, terminal, async (connect) => {
    const client = connect(entryApi);
    const response = await answer<BatchCreateEntryResponse__Output>((done) =>
      client.BatchCreateEntry({ entries }, done),
    );
    return reportBatch(response, { verb: 'create', output: values.output, requested: entries }, terminal);
  });
});
