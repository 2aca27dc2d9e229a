import assert from 'node:assert/strict';
import { once } from 'node:events';
import { credentials, makeClientConstructor, status, type ClientDuplexStream, type ServiceError } from '@grpc/grpc-js';
import { fileDescriptor } from '@credence/sdk/wire';
import { reflectionVersions } from '../../../dist/endpoints/reflection/reflection.js';
import { StreamReader, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, snapshot } from '../../support/fake-workload-snapshots.js';

interface Answer {
  readonly originalRequest?: object;
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly errorResponse?: { readonly errorCode: number };
}

interface File {
  readonly name: string;
  readonly package?: string;
  readonly dependency?: readonly string[];
  readonly messageType?: readonly {
    readonly name: string;
    readonly field?: readonly { readonly name: string; readonly typeName?: string }[];
    readonly nestedType?: readonly { readonly name: string }[];
  }[];
  readonly service?: readonly { readonly name: string; readonly method: readonly { readonly name: string }[] }[];
}

const workloadApiMethods = [
  ...['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTSVID', 'FetchJWTBundles', 'ValidateJWTSVID'],
  ...['FetchWITSVID', 'FetchWITBundles'],
];

class Reflection implements Disposable {
  readonly stream: ClientDuplexStream<object, Answer>;
  readonly #reader: StreamReader<Answer>;
  readonly #close: () => void;

  constructor(socketPath: string, version: number) {
    const { definition } = reflectionVersions([])[version]!;
    const Client = makeClientConstructor(definition, 'ServerReflection');
    const client = new Client(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    const open = client['ServerReflectionInfo'] as () => ClientDuplexStream<object, Answer>;
    this.stream = open.call(client);
    this.#reader = new StreamReader<Answer>(this.stream);
    this.#close = () => {
      client.close();
    };
  }

  ask(request: object): Promise<Answer> {
    this.stream.write(request);
    return this.#reader.next();
  }

  /** The file that defines the symbol, and what it imports. */
  async files(symbol: string): Promise<readonly File[]> {
    const { fileDescriptorResponse, errorResponse } = await this.ask({ fileContainingSymbol: symbol });
    assert.equal(errorResponse ?? undefined, undefined);
    return (fileDescriptorResponse?.fileDescriptorProto ?? []).map(
      (bytes) => fileDescriptor().deserialize(bytes) as File,
    );
  }

  [Symbol.dispose](): void {
    this.stream.on('error', (_error: ServiceError) => undefined);
    this.stream.cancel();
    this.#close();
  }
}

describe('reflection on the Workload API’s socket (SPIFFE Workload Endpoint §7)', () => {
  const start = (): Promise<TestEndpoint> => TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(snapshot([])) });

  for (const [version, name] of ['v1', 'v1alpha'].entries()) {
    it(`lists what is offered, in ${name}, to whoever asks, without the header (WEP-7-b, WEP-7-c, WEP-7-d, EV-24)`, async () => {
      await using endpoint = await start();
      using reflection = new Reflection(endpoint.socketPath, version);
      const { listServicesResponse: list } = await reflection.ask({ listServices: '*' });
      assert.deepEqual(list?.service.map((service) => service.name).sort(), [
        'SpiffeWorkloadAPI',
        'envoy.service.secret.v3.SecretDiscoveryService',
        'grpc.health.v1.Health',
        'grpc.reflection.v1.ServerReflection',
        'grpc.reflection.v1alpha.ServerReflection',
      ]);
    });
  }

  it('shows the Workload API with the methods of the standard and no other (WEP-7-a)', async () => {
    await using endpoint = await start();
    using reflection = new Reflection(endpoint.socketPath, 0);
    for (const symbol of ['SpiffeWorkloadAPI', 'SpiffeWorkloadAPI.FetchX509SVID', 'X509SVIDResponse']) {
      const [file] = await reflection.files(symbol);
      assert.deepEqual(
        file?.service?.[0]?.method.map((method) => method.name),
        workloadApiMethods,
        symbol,
      );
    }
  });

  it('names every type in full, maps as clients expect them, and every import', async () => {
    await using endpoint = await start();
    using reflection = new Reflection(endpoint.socketPath, 0);
    for (const symbol of [
      'SpiffeWorkloadAPI',
      'envoy.service.secret.v3.SecretDiscoveryService',
      'grpc.health.v1.Health',
    ]) {
      const files = await reflection.files(symbol);
      const names = new Set(files.map((file) => file.name));
      for (const { dependency = [], messageType = [] } of files) {
        assert.ok(dependency.every((name) => names.has(name)));
        const fields = messageType.flatMap(({ field = [] }) => field);
        assert.ok(fields.every(({ typeName = '.' }) => typeName.startsWith('.')));
      }
    }
    const [file] = await reflection.files('SpiffeWorkloadAPI');
    assert.deepEqual(file?.dependency, ['google/protobuf.proto']);
    const response = file.messageType?.find(({ name }) => name === 'X509SVIDResponse');
    assert.deepEqual(
      response?.nestedType?.map(({ name }) => name),
      ['FederatedBundlesEntry'],
    );
    const field = response.field?.find(({ name }) => name === 'federated_bundles');
    assert.equal(field?.typeName, '.X509SVIDResponse.FederatedBundlesEntry');
  });

  it('says what it does not know', async () => {
    await using endpoint = await start();
    using reflection = new Reflection(endpoint.socketPath, 0);
    const { errorResponse } = await reflection.ask({ fileContainingSymbol: 'no.such.Thing' });
    assert.equal(errorResponse?.errorCode, 5);
  });

  it('ends well when its client has no more to ask', async () => {
    await using endpoint = await start();
    using reflection = new Reflection(endpoint.socketPath, 0);
    await reflection.ask({ listServices: '' });
    const ended = once(reflection.stream, 'status');
    reflection.stream.end();
    const [{ code }] = (await ended) as [{ code: number }];
    assert.equal(code, status.OK);
  });

  it('does not offer what is switched off', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([]));
    await using endpoint = await TestEndpoint.start({ snapshots, services: { workloadApi: true, sds: false } });
    using reflection = new Reflection(endpoint.socketPath, 0);
    const { listServicesResponse: list } = await reflection.ask({ listServices: '*' });
    assert.ok(!list?.service.some(({ name }) => name.startsWith('envoy.')));
  });
});
