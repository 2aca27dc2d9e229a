// `federation list`
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { trustDomainApi } from '@credence/sdk/wire';
import type { ListFederationRelationshipsResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/ListFederationRelationshipsResponse.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { counted } from '../render.js';
import { renderRelationship, wireForm } from './render-relationship.js';

export const command = defineCommand(adminFlags, async (values, terminal) => {
  return withServer(values, terminal, async (connect) => {
    const client = connect(trustDomainApi);
    const response = await failing('error listing federation relationship', () =>
      answer<ListFederationRelationshipsResponse__Output>((done) => client.ListFederationRelationships({}, done)),
    );
    const { federation_relationships: relationships } = response;
    if (values.output === 'json') {
      terminal.out(`${encodeJson({ ...response, federation_relationships: relationships.map(wireForm) })}\n`);
      return exitCodes.done;
    }
    terminal.out(`Found ${counted(relationships.length, 'federation relationship', 'federation relationships')}\n`);
    for (const relationship of relationships) terminal.out(`\n${renderRelationship(relationship)}`);
    return exitCodes.done;
  });
});
