// `federation show`
import { defineCommand, encodeJson, exitCodes, printable } from '@credence/sdk/daemon';
import { trustDomainApi } from '@credence/sdk/wire';
import type { FederationRelationship__Output } from '@credence/sdk/wire/gen/spire/api/types/FederationRelationship.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { requiredTrustDomain } from '../values.js';
import { renderRelationship, wireForm } from './render-relationship.js';

const flags = {
  ...adminFlags,
  trustDomain: { kind: 'text', metavar: 'name', help: 'the trust domain' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  requiredTrustDomain('--trust-domain', values.trustDomain);
  const { trustDomain = '' } = values;
  return withServer(values, terminal, async (connect) => {
    const client = connect(trustDomainApi);
    const relationship = await failing('error showing federation relationship', () =>
      answer<FederationRelationship__Output>((done) =>
        client.GetFederationRelationship({ trust_domain: trustDomain }, done),
      ),
    );
    const heading = `Found a federation relationship with trust domain ${printable(trustDomain)}:\n\n`;
    const pretty = heading + renderRelationship(relationship);
    terminal.out(values.output === 'json' ? `${encodeJson(wireForm(relationship))}\n` : pretty);
    return exitCodes.done;
  });
});
