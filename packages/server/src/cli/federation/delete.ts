// `federation delete`: ends the fetching of a bundle; the bundle stays.
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { trustDomainApi } from '@credence/sdk/wire';
import type { BatchDeleteFederationRelationshipResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchDeleteFederationRelationshipResponse.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { requiredTrustDomain } from '../values.js';

const flags = {
  ...adminFlags,
  id: { kind: 'text', metavar: 'SPIFFE ID', help: 'the trust domain' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  requiredTrustDomain('--id', values.id);
  const { id = '' } = values;
  return withServer(values, terminal, async (connect) => {
    const client = connect(trustDomainApi);
    const response = await failing('failed to delete federation relationship', () =>
      answer<BatchDeleteFederationRelationshipResponse__Output>((done) =>
        client.BatchDeleteFederationRelationship({ trust_domains: [id] }, done),
      ),
    );
    const result = response.results[0];
    if (values.output === 'json') {
      terminal.out(`${encodeJson(response)}\n`);
      return result?.status?.code === 0 ? exitCodes.done : exitCodes.failed;
    }
    if (result?.status?.code !== 0) {
      const name = encodeJson(result?.trust_domain ?? id);
      throw new Error(`failed to delete federation relationship ${name}: ${result?.status?.message ?? ''}`);
    }
    terminal.out('federation relationship deleted.\n');
    return exitCodes.done;
  });
});
