// A whole agent beside a fake server, and a workload that watches its X.509-SVIDs.
import { join } from 'node:path';
import { credentials, Metadata, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { systemClock, systemRandom, type Clock } from '@credence/sdk/runtime';
import { workloadApi } from '@credence/sdk/wire';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import { writeFile } from 'node:fs/promises';
import { createAgent, type Agent } from '../../dist/agent.js';
import type { AgentSettings } from '../../dist/settings.js';
import { defaultAgentSettings } from '../../dist/settings.js';
import type { FakeServer } from './fake-server.js';
import { RecordingLogger } from './recording-logger.js';
import { until } from './until.js';

export interface AgentUnderTest {
  readonly agent: Agent;
  readonly log: RecordingLogger;
}

/** An agent that trusts the server's present bundle; with a token it joins. */
export async function agentFor(
  server: FakeServer,
  directory: string,
  options: { token?: string; syncIntervalMs?: number; clock?: Clock; settings?: Partial<AgentSettings> } = {},
): Promise<AgentUnderTest> {
  const { token, syncIntervalMs = 50, clock = systemClock } = options;
  const path = join(directory, 'bundle.pem');
  await writeFile(path, server.ca.bundle().toPem());
  const log = new RecordingLogger();
  const settings: AgentSettings = {
    ...defaultAgentSettings,
    trustDomain: server.trustDomain,
    serverAddress: '127.0.0.1',
    serverPort: server.port,
    dataDir: join(directory, 'data'),
    socketPath: join(directory, 'api.sock'),
    trustBundle: { kind: 'file', path, format: 'pem' },
    nodeAttestation: { kind: 'join_token', token: token === undefined ? undefined : { kind: 'value', value: token } },
    syncIntervalMs,
    ...options.settings,
  };
  return { agent: createAgent(settings, { clock, random: systemRandom, log }), log };
}

/** An open FetchX509SVID stream: everything that came, and how it ended. */
export class WatchingWorkload implements Disposable {
  readonly updates: X509SVIDResponse__Output[] = [];
  ending: ServiceError | undefined;
  readonly #stream: ClientReadableStream<X509SVIDResponse__Output>;
  readonly #close: () => void;

  constructor(socketPath: string) {
    const client = workloadApi.createClient(`unix:${socketPath}`, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('workload.spiffe.io', 'true');
    this.#stream = client.fetchX509Svid({}, metadata);
    this.#stream.on('data', (update: X509SVIDResponse__Output) => this.updates.push(update));
    this.#stream.on('error', (error: ServiceError) => {
      this.ending = error;
    });
    this.#close = () => {
      client.close();
    };
  }

  /** The SPIFFE IDs of the newest update. */
  get ids(): readonly string[] {
    return this.updates.at(-1)?.svids.map(({ spiffe_id: id }) => id) ?? [];
  }

  /** Resolves when exactly these IDs are held. */
  async waitFor(...ids: readonly string[]): Promise<void> {
    await until(`the workload holds ${ids.join()}`, () => this.ids.join() === ids.join());
  }

  async waitForUpdates(count: number): Promise<void> {
    await until(`${count} updates`, () => this.updates.length >= count);
  }

  async waitForEnd(): Promise<ServiceError> {
    await until('the stream ends', () => this.ending !== undefined);
    return this.ending!;
  }

  [Symbol.dispose](): void {
    this.#stream.cancel();
    this.#close();
  }
}
