// A whole server in this process, in a temporary folder, and stock gRPC clients of its two listeners.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, type ChannelCredentials, type Client } from '@grpc/grpc-js';
import type { LogLevelSwitch } from '@credence/sdk/daemon';
import { silentLogger, systemClock, systemRandom, type Clock, type Logger } from '@credence/sdk/runtime';
import {
  agentApi,
  bundleApi,
  debugApi,
  entryApi,
  explainApi,
  healthApi,
  localAuthorityApi,
  loggerApi,
  svidApi,
  trustDomainApi,
  type Contract,
} from '@credence/sdk/wire';
import { createServer, type Server } from '../../../dist/server.js';
import type { ServerSettings } from '../../../dist/settings.js';
import { call } from '../../../../sdk/dist-test/support/call.js';
import { settingsFor } from '../../support/settings.js';

export { trustDomain } from '../../support/settings.js';
export { call };

export interface TestServerOptions extends Partial<ServerSettings> {
  readonly clock?: Clock;
  readonly log?: Logger;
  readonly logLevel?: LogLevelSwitch;
}

/** Clients of every service over one kind of channel. */
export interface Clients {
  readonly agents: ReturnType<typeof agentApi.createClient>;
  readonly bundles: ReturnType<typeof bundleApi.createClient>;
  readonly debug: ReturnType<typeof debugApi.createClient>;
  readonly entries: ReturnType<typeof entryApi.createClient>;
  readonly explanations: ReturnType<typeof explainApi.createClient>;
  readonly health: ReturnType<typeof healthApi.createClient>;
  readonly localAuthorities: ReturnType<typeof localAuthorityApi.createClient>;
  readonly loggers: ReturnType<typeof loggerApi.createClient>;
  readonly svids: ReturnType<typeof svidApi.createClient>;
  readonly trustDomains: ReturnType<typeof trustDomainApi.createClient>;
}

export class TestServer implements AsyncDisposable {
  readonly server: Server;
  /** Over the admin socket. */
  readonly local: Clients;
  readonly #folder: string;
  readonly #opened: Client[] = [];
  readonly #stop = new AbortController();

  private constructor(server: Server, folder: string) {
    this.server = server;
    this.#folder = folder;
    this.local = this.#clients(`unix:${server.socketPath}`, credentials.createInsecure());
  }

  static async start({
    clock = systemClock,
    log = silentLogger,
    logLevel = { level: 'info' },
    ...settings
  }: TestServerOptions = {}): Promise<TestServer> {
    const folder = await mkdtemp(join(tmpdir(), 'credence-api-'));
    const defaults = settingsFor({ dataDir: join(folder, 'data'), socketPath: join(folder, 'admin', 'api.sock') });
    const server = createServer({ ...defaults, ...settings }, { clock, random: systemRandom, log, logLevel });
    const started = new TestServer(server, folder);
    try {
      await server.start(started.#stop.signal);
      return started;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Clients of the TLS listener. */
  remote(channel: ChannelCredentials): Clients {
    return this.#clients(this.address, channel);
  }

  get address(): string {
    const { address, port } = this.server.tlsAddress;
    return `${address}:${String(port)}`;
  }

  /** PEM of the trust domain's authorities. */
  async roots(): Promise<readonly Buffer[]> {
    const bundle = await call(this.local.bundles, 'GetBundle', {});
    return bundle.x509_authorities.map(({ asn1 }) => asn1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#opened) client.close();
    this.#stop.abort();
    await this.server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true });
  }

  #clients(target: string, channel: ChannelCredentials): Clients {
    // A channel of its own for each, so that each test sees its own connection.
    const options = { 'grpc.use_local_subchannel_pool': 1 };
    const open = <C extends Client>(contract: Contract<unknown, C>): C => {
      const client = contract.createClient(target, channel, options);
      this.#opened.push(client);
      return client;
    };
    return {
      agents: open(agentApi),
      bundles: open(bundleApi),
      debug: open(debugApi),
      entries: open(entryApi),
      explanations: open(explainApi),
      health: open(healthApi),
      localAuthorities: open(localAuthorityApi),
      loggers: open(loggerApi),
      svids: open(svidApi),
      trustDomains: open(trustDomainApi),
    };
  }
}
