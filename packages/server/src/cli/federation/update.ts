// `federation update`: replaces federation relationships as a whole, one by flags or several by a file.
import { defineCommand } from '@credence/sdk/daemon';
import { trustDomainApi } from '@credence/sdk/wire';
import type { BatchUpdateFederationRelationshipResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/trustdomain/v1/BatchUpdateFederationRelationshipResponse.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { reportBatch } from './batch-result.js';
import { relationshipFlags, relationshipsOf } from './flags.js';

export const command = defineCommand({ ...adminFlags, ...relationshipFlags }, async (values, terminal) => {
  const requested = [...(await relationshipsOf(values, terminal))];
  return withServer(values, terminal, async (connect) => {
    const client = connect(trustDomainApi);
    const response = await failing('request failed', () =>
      answer<BatchUpdateFederationRelationshipResponse__Output>((done) =>
        client.BatchUpdateFederationRelationship({ federation_relationships: requested }, done),
      ),
    );
    return reportBatch(response, { verb: 'update', output: values.output, requested }, terminal);
  });
});
