// `bundle count`: of all trust domains, the own one included.
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { bundleApi } from '@credence/sdk/wire';
import type { CountBundlesResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/CountBundlesResponse.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { counted } from '../render.js';

export const command = defineCommand(adminFlags, async (values, terminal) => {
  return withServer(values, terminal, async (connect) => {
    const client = connect(bundleApi);
    const response = await answer<CountBundlesResponse__Output>((done) => client.CountBundles({}, done));
    const text = counted(response.count, 'bundle', 'bundles');
    terminal.out(`${values.output === 'json' ? encodeJson(response) : text}\n`);
    return exitCodes.done;
  });
});
