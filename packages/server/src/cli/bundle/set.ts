// `bundle set`: stores the bundle of a federated trust domain, in place of the one that is there.
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { bundleApi } from '@credence/sdk/wire';
import type { BatchSetFederatedBundleResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchSetFederatedBundleResponse.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { requiredTrustDomain } from '../values.js';
import { formatFlag, readBundle } from './bundle-file.js';

const flags = {
  ...adminFlags,
  ...formatFlag,
  id: { kind: 'text', metavar: 'SPIFFE ID', help: 'trust domain of the bundle' },
  path: { kind: 'text', metavar: 'path', help: 'file with the bundle; standard input otherwise' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const trustDomain = requiredTrustDomain('--id', values.id);
  const { format, path } = values;
  const bundle = [await readBundle('--path', { trustDomain, format, path }, terminal)];
  return withServer(values, terminal, async (connect) => {
    const client = connect(bundleApi);
    const response = await failing('failed to set federated bundle', () =>
      answer<BatchSetFederatedBundleResponse__Output>((done) => client.BatchSetFederatedBundle({ bundle }, done)),
    );
    const status = response.results[0]?.status;
    if (values.output === 'json') {
      terminal.out(`${encodeJson(response)}\n`);
      return status?.code === 0 ? exitCodes.done : exitCodes.failed;
    }
    if (status?.code !== 0) throw new Error(`failed to set federated bundle: ${status?.message ?? ''}`);
    terminal.out('bundle set.\n');
    return exitCodes.done;
  });
});
