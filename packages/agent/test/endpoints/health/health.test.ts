import assert from 'node:assert/strict';
import { credentials, status, type ServiceError } from '@grpc/grpc-js';
import { healthApi } from '@credence/sdk/wire';
import type { HealthClient } from '@credence/sdk/wire/gen/grpc/health/v1/Health.js';
import { agentError } from '../../../dist/domain/errors.js';
import type { WorkloadAttestation } from '../../../dist/endpoints/ports.js';
import { StreamReader, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot } from '../../support/fake-workload-snapshots.js';

function clientOf(endpoint: TestEndpoint): HealthClient {
  return healthApi.createClient(`unix:${endpoint.socketPath}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
}

function check(client: HealthClient, service = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    client.Check({ service }, (error, response) => {
      if (error === null) resolve(response!.status);
      else reject(error);
    });
  });
}

const failing: WorkloadAttestation = { attest: () => Promise.reject(agentError('ERR_ATTESTATION', 'none')) };
const entitled = snapshot([identity('a')]);

const cases = [
  { name: 'SERVING when the agent itself has an identity', given: entitled, expected: 'SERVING' },
  { name: 'SERVING when the agent itself has none', given: snapshot([]), expected: 'SERVING' },
  {
    name: 'NOT_SERVING when callers cannot be attested',
    given: entitled,
    attestation: failing,
    expected: 'NOT_SERVING',
  },
];

describe('grpc.health.v1 on the Workload Endpoint', () => {
  for (const { name, given, attestation, expected } of cases) {
    it(`answers ${name}`, async () => {
      const snapshots = new FakeWorkloadSnapshots(given);
      await using endpoint = await TestEndpoint.start({ snapshots, ...(attestation && { attestation }) });
      const client = clientOf(endpoint);
      assert.equal(await check(client), expected);
      client.close();
    });
  }

  it('refuses a service name, since it knows of none', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(entitled) });
    const client = clientOf(endpoint);
    const refused = check(client, 'SpiffeWorkloadAPI');
    await assert.rejects(refused, (error: ServiceError) => error.code === status.INVALID_ARGUMENT);
    client.close();
  });

  it('has neither Watch nor List', async () => {
    await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(entitled) });
    const client = clientOf(endpoint);
    assert.equal((await new StreamReader(client.Watch({})).failure()).code, status.UNIMPLEMENTED);
    const list = new Promise<ServiceError | null>((resolve) => client.List({}, resolve));
    assert.equal((await list)?.code, status.UNIMPLEMENTED);
    client.close();
  });
});
