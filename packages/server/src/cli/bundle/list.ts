// `bundle list`: the bundles of federated trust domains, or of one of them.
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { bundleApi } from '@credence/sdk/wire';
import type { BundleClient } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { ListFederatedBundlesResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/ListFederatedBundlesResponse.js';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { parseTrustDomain } from '../values.js';
import { formatFlag, type BundleFormat } from './bundle-file.js';
import { renderBundle, renderNamedBundle } from './render-bundle.js';

const flags = {
  ...adminFlags,
  ...formatFlag,
  id: { kind: 'text', metavar: 'SPIFFE ID', help: 'trust domain of the bundle; all of them otherwise' },
} as const;

interface Wanted {
  readonly format: BundleFormat;
  readonly isJson: boolean;
}

export const command = defineCommand(flags, async ({ id, format, output, ...values }, terminal) => {
  const trustDomain = id === undefined || id === '' ? undefined : parseTrustDomain('--id', id);
  const wanted = { format, isJson: output === 'json' };
  return withServer(values, terminal, async (connect) => {
    const client = connect(bundleApi);
    terminal.out(await (trustDomain === undefined ? listAll(client, wanted) : listOne(client, trustDomain, wanted)));
    return exitCodes.done;
  });
});

async function listOne(client: BundleClient, trustDomain: string, { format, isJson }: Wanted): Promise<string> {
  const bundle = await answer<Bundle__Output>((done) => client.GetFederatedBundle({ trust_domain: trustDomain }, done));
  return isJson ? `${encodeJson(bundle)}\n` : renderBundle(bundle, format);
}

async function listAll(client: BundleClient, { format, isJson }: Wanted): Promise<string> {
  const response = await failing('error listing federated bundles', () =>
    answer<ListFederatedBundlesResponse__Output>((done) => client.ListFederatedBundles({}, done)),
  );
  if (isJson) return `${encodeJson(response)}\n`;
  return response.bundles.map((bundle) => renderNamedBundle(bundle, format)).join('\n');
}
