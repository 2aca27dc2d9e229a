import assert from 'node:assert/strict';
import { status, type ServiceError } from '@grpc/grpc-js';
import type { DiscoveryRequest } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { DiscoveryResponse__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryResponse.js';
import type { SecretDiscoveryServiceClient } from '@credence/sdk/wire/gen/envoy/service/secret/v3/SecretDiscoveryService.js';
import { agentError } from '../../../dist/domain/errors.js';
import type { WorkloadSnapshot } from '../../../dist/domain/workload-identity.js';
import { TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot } from '../../support/fake-workload-snapshots.js';
import { readSecret, secretsClient, secretType } from '../../support/secrets.js';

function fetch(client: SecretDiscoveryServiceClient, request: DiscoveryRequest): Promise<DiscoveryResponse__Output> {
  return new Promise((resolve, reject) => {
    client.FetchSecrets(request, (error: ServiceError | null, response?: DiscoveryResponse__Output) => {
      if (response === undefined) reject(error ?? new Error('no answer'));
      else resolve(response);
    });
  });
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return {
    promise,
    resolve: () => {
      resolve();
    },
  };
}

describe('FetchSecrets', () => {
  const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a'), identity('b')]));
  let endpoint: TestEndpoint;
  let client: SecretDiscoveryServiceClient;
  let failure: Error | undefined;

  before(async () => {
    const attest = (): Promise<[]> => (failure === undefined ? Promise.resolve([]) : Promise.reject(failure));
    endpoint = await TestEndpoint.start({ snapshots, attestation: { attest } });
    client = secretsClient(endpoint.socketPath);
  });

  after(async () => {
    client.close();
    await endpoint[Symbol.asyncDispose]();
  });

  afterEach(() => {
    failure = undefined;
    snapshots.set(snapshot([identity('a'), identity('b')]));
  });

  const refusal = (...names: string[]): object => ({
    code: status.INVALID_ARGUMENT,
    details: `workload is not authorized for the requested identities [${names.join(' ')}]`,
  });

  it('answers what is asked for, without version and nonce', async () => {
    const response = await fetch(client, { resource_names: ['default', 'ROOTCA'], type_url: secretType });
    assert.deepEqual(
      response.resources.map((one) => readSecret(one).name),
      ['default', 'ROOTCA'],
    );
    assert.deepEqual([response.version_info, response.nonce, response.type_url], ['', '', secretType]);
    assert.equal((await fetch(client, {})).resources.length, 3);
  });

  it('refuses all when one name is not for the caller, and says which, as SPIRE does', async () => {
    await assert.rejects(
      fetch(client, { resource_names: ['x', 'default', 'file "root"'] }),
      refusal('"file \\"root\\""', '"x"'),
    );
    await assert.rejects(fetch(client, { resource_names: ['ROOTCA', 'ALL'] }), refusal('"ALL"'));
    snapshots.set(snapshot([]));
    await assert.rejects(fetch(client, { resource_names: ['default'] }), refusal('"default"'));
  });

  it('waits for an SVID that is still being made', async () => {
    const made = deferred();
    const waiting = {
      entitlements: () => [],
      trusted: () => snapshots.trusted(),
      watch: async function* (): AsyncGenerator<WorkloadSnapshot> {
        await made.promise;
        yield snapshot([identity('slow')]);
      },
    };
    await using slow = await TestEndpoint.start({ snapshots: waiting });
    const patient = secretsClient(slow.socketPath);
    const answer = fetch(patient, { resource_names: ['default'] });
    await fetch(client, { resource_names: ['default'] });
    made.resolve();
    assert.equal((await answer).resources.length, 1);
    patient.close();
  });

  it('refuses another type', async () => {
    await assert.rejects(fetch(client, { type_url: 'other' }), { code: status.INVALID_ARGUMENT });
  });

  it('answers UNAVAILABLE when the caller cannot be attested', async () => {
    failure = agentError('ERR_ATTESTATION', 'planned');
    const details = 'workload attestation failed';
    await assert.rejects(fetch(client, { resource_names: ['default'] }), { code: status.UNAVAILABLE, details });
  });
});
