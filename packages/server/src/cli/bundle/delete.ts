// `bundle delete`: the bundle of a federated trust domain.
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { bundleApi } from '@credence/sdk/wire';
import type { BatchDeleteFederatedBundleResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/BatchDeleteFederatedBundleResponse.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { requiredTrustDomain } from '../values.js';

const modes = { restrict: 'RESTRICT', delete: 'DELETE', dissociate: 'DISSOCIATE' } as const;
const flags = {
  ...adminFlags,
  id: { kind: 'text', metavar: 'SPIFFE ID', help: 'trust domain of the bundle' },
  mode: {
    kind: 'choice',
    choices: modes,
    default: 'restrict',
    help: 'entries that federate with it forbid it, are deleted too, or lose the federation',
  },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  requiredTrustDomain('--id', values.id);
  const { id = '', mode } = values;
  return withServer(values, terminal, async (connect) => {
    const client = connect(bundleApi);
    const response = await failing('failed to delete federated bundle', () =>
      answer<BatchDeleteFederatedBundleResponse__Output>((done) =>
        client.BatchDeleteFederatedBundle({ trust_domains: [id], mode }, done),
      ),
    );
    const status = response.results[0]?.status;
    if (values.output === 'json') {
      terminal.out(`${encodeJson(response)}\n`);
      return status?.code === 0 ? exitCodes.done : exitCodes.failed;
    }
    if (status?.code !== 0) {
      throw new Error(`failed to delete federated bundle ${encodeJson(id)}: ${status?.message ?? ''}`);
    }
    terminal.out('bundle deleted.\n');
    return exitCodes.done;
  });
});
