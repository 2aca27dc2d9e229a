// A join token is for one node: of any number that come at once, one has it.
import assert from 'node:assert/strict';
import { status, type ServiceError } from '@grpc/grpc-js';
import { toPem } from '@credence/sdk/x509';
import { Admin } from '../support/admin.js';
import { Deployment } from '../support/deployment.js';
import { attest } from '../support/grpc.js';

describe('a join token', () => {
  it('lets exactly one of 100 in that come at once, and nobody after kill -9', async () => {
    await using deployment = await Deployment.create();
    const config = { ratelimit: { attestation: false } };
    const server = await deployment.startServer({ config });
    const address = `127.0.0.1:${deployment.port}`;
    let roots: string;
    let token: string;
    {
      using admin = new Admin(deployment.adminSocket);
      roots = (await admin.authorities()).map((der) => toPem(der, 'CERTIFICATE')).join('');
      token = await admin.generateToken();
      const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => attest(address, roots, token)));
      const refusals = outcomes.filter((outcome) => outcome.status === 'rejected');
      assert.equal(refusals.length, 99);
      for (const { reason } of refusals) {
        const { code, details } = reason as ServiceError;
        assert.equal(code, status.INVALID_ARGUMENT);
        assert.equal(details, 'failed to attest: join token does not exist or has already been used');
      }
      assert.deepEqual(await admin.agentIds(), [`spiffe://example.org/spire/agent/join_token/${token}`]);
    }
    await server.stop('SIGKILL');
    await deployment.startServer({ config });
    await assert.rejects(attest(address, roots, token), /does not exist or has already been used/);
  }).timeout(40_000);
});
