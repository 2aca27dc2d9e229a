// `entry count`
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { entryApi } from '@credence/sdk/wire';
import type { CountEntriesResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/CountEntriesResponse.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { counted } from '../render.js';
import { entryFilter } from './filter.js';
import { entryFilterFlags } from './flags.js';

export const command = defineCommand({ ...adminFlags, ...entryFilterFlags }, async (values, terminal) => {
  const filter = entryFilter(values);
  return withServer(values, terminal, async (connect) => {
    const client = connect(entryApi);
    const response = await answer<CountEntriesResponse__Output>((done) => client.CountEntries({ filter }, done));
    const text = counted(response.count, 'registration entry', 'registration entries');
    terminal.out(`${values.output === 'json' ? encodeJson(response) : text}\n`);
    return exitCodes.done;
  });
});
