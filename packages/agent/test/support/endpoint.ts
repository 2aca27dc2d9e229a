// A Workload Endpoint in a temporary folder, and stock gRPC clients of it.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { silentLogger, systemClock, systemRandom, type Clock, type Logger } from '@credence/sdk/runtime';
import { workloadApi } from '@credence/sdk/wire';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import type { RateLimits } from '../../dist/domain/rate-limits.js';
import type { WorkloadAttestation, WorkloadJwtSvids, WorkloadSnapshots } from '../../dist/endpoints/ports.js';
import type { SdsRules } from '../../dist/endpoints/sds/rules.js';
import type { WorkloadApiRules } from '../../dist/endpoints/workload/serve-caller.js';
import { WorkloadEndpoint } from '../../dist/endpoints/workload-endpoint.js';
import { defaultAgentSettings } from '../../dist/settings.js';

export interface EndpointOptions {
  readonly snapshots: WorkloadSnapshots;
  readonly attestation?: WorkloadAttestation;
  readonly jwtSvids?: WorkloadJwtSvids;
  readonly rules?: Partial<WorkloadApiRules & { readonly sds: SdsRules }>;
  readonly services?: { readonly workloadApi: boolean; readonly sds: boolean };
  readonly rateLimits?: RateLimits;
  readonly log?: Logger;
  readonly clock?: Clock;
}

export class TestEndpoint implements AsyncDisposable {
  readonly socketPath: string;
  readonly client: SpiffeWorkloadAPIClient;
  readonly #endpoint: WorkloadEndpoint;
  readonly #folder: string;

  private constructor(folder: string, socketPath: string, endpoint: WorkloadEndpoint) {
    this.#folder = folder;
    this.socketPath = socketPath;
    this.#endpoint = endpoint;
    this.client = workloadApi.createClient(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  static async start(options: EndpointOptions): Promise<TestEndpoint> {
    const folder = await temporaryFolder();
    const socketPath = join(folder, 'api.sock');
    const attest = (): Promise<[]> => Promise.resolve([]);
    const endpoint = new WorkloadEndpoint({
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      attestation: { attest },
      jwtSvids: { fetch: () => Promise.reject(new Error('no JWT-SVID is planned')) },
      rateLimits: defaultAgentSettings.rateLimits,
      services: { workloadApi: true, sds: true },
      ...options,
      rules: {
        sds: defaultAgentSettings.sds,
        allowUnauthenticatedVerifiers: false,
        allowedForeignJwtClaims: [],
        ...options.rules,
      },
      socketPath,
      procPath: '/proc',
    });
    await endpoint.start();
    return new TestEndpoint(folder, socketPath, endpoint);
  }

  async stop(): Promise<void> {
    await this.#endpoint[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A folder that every user may pass through. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'credence-test-'));
  await chmod(folder, 0o755);
  return folder;
}

export function header(value = 'true'): Metadata {
  const metadata = new Metadata();
  metadata.set('workload.spiffe.io', value);
  return metadata;
}

/** Reads a stream message by message, and then the error that ended it. */
export class StreamReader<Message> {
  readonly #stream: ClientReadableStream<Message>;
  readonly #messages: Message[] = [];
  #error: ServiceError | undefined;
  #wake: () => void = () => undefined;

  constructor(stream: ClientReadableStream<Message>) {
    this.#stream = stream;
    stream.on('data', (message: Message) => {
      this.#messages.push(message);
      this.#wake();
    });
    stream.on('error', (error: ServiceError) => {
      this.#error = error;
      this.#wake();
    });
  }

  /** Messages that arrived and were not asked for. */
  get waiting(): number {
    return this.#messages.length;
  }

  async next(): Promise<Message> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) return message;
      if (this.#error !== undefined) throw this.#error;
      await this.#changed();
    }
  }

  async failure(): Promise<ServiceError> {
    while (this.#error === undefined) await this.#changed();
    return this.#error;
  }

  cancel(): void {
    this.#stream.cancel();
  }

  #changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
