// `bundle show`
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { bundleApi } from '@credence/sdk/wire';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { formatFlag } from './bundle-file.js';
import { renderBundle } from './render-bundle.js';

export const command = defineCommand({ ...adminFlags, ...formatFlag }, async (values, terminal) => {
  return withServer(values, terminal, async (connect) => {
    const client = connect(bundleApi);
    const bundle = await answer<Bundle__Output>((done) => client.GetBundle({}, done));
    terminal.out(values.output === 'json' ? `${encodeJson(bundle)}\n` : renderBundle(bundle, values.format));
    return exitCodes.done;
  });
});
