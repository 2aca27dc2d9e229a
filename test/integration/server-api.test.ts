// The server in this process over real TLS and its real admin socket, called by stock gRPC clients.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, status, type ChannelCredentials, type Client, type ServiceError } from '@grpc/grpc-js';
import { generateKey } from '@credence/sdk/keys';
import { systemClock, systemRandom, type Logger } from '@credence/sdk/runtime';
import { agentApi, bundleApi, entryApi, permissionDeniedReason, type Contract } from '@credence/sdk/wire';
import { toPem } from '@credence/sdk/x509';
import { createServer } from '../../packages/server/dist/server.js';
import type { ServerSettings } from '../../packages/server/dist/settings.js';
import { settingsFor } from '../../packages/server/dist-test/support/settings.js';
import { attest, call, newRequest } from '../support/grpc.js';
import { until } from '../support/until.js';

/** A run of the server in a folder, and its clients. */
class Run implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #opened: Client[] = [];
  readonly #stop = new AbortController();
  readonly #server;

  private constructor(folder: string, settings: Partial<ServerSettings>) {
    const write = (fields: object, message: string): void => {
      this.lines.push(`${JSON.stringify(fields)} ${message}`);
    };
    const log: Logger = { debug: write, info: write, warn: write, error: write };
    const defaults: ServerSettings = {
      ...settingsFor({ dataDir: join(folder, 'data'), socketPath: join(folder, 'admin', 'api.sock') }),
      rateLimit: { attestation: false, signing: true },
    };
    const logLevel = { level: 'info' } as const;
    const surroundings = { clock: systemClock, random: systemRandom, log, logLevel };
    this.#server = createServer({ ...defaults, ...settings }, surroundings);
  }

  static async start(folder: string, settings: Partial<ServerSettings> = {}): Promise<Run> {
    const run = new Run(folder, settings);
    await run.#server.start(run.#stop.signal);
    return run;
  }

  get address(): string {
    const { address, port } = this.#server.tlsAddress;
    return `${address}:${port}`;
  }

  local<C extends Client>(contract: Contract<unknown, C>): C {
    return this.#open(contract, `unix:${this.#server.socketPath}`, credentials.createInsecure());
  }

  remote<C extends Client>(contract: Contract<unknown, C>, channel: ChannelCredentials): C {
    return this.#open(contract, this.address, channel);
  }

  async roots(): Promise<string> {
    const client = this.local(bundleApi);
    const { x509_authorities: authorities } = await call(client, 'GetBundle', {});
    return authorities.map(({ asn1 }) => toPem(asn1, 'CERTIFICATE')).join('');
  }

  async token(): Promise<string> {
    const client = this.local(agentApi);
    return (await call(client, 'CreateJoinToken', { ttl: 600 })).value;
  }

  async join(): Promise<ChannelCredentials> {
    return attest(this.address, await this.roots(), await this.token());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#opened) client.close();
    this.#stop.abort();
    await this.#server[Symbol.asyncDispose]();
  }

  #open<C extends Client>(contract: Contract<unknown, C>, target: string, channel: ChannelCredentials): C {
    const client = contract.createClient(target, channel, { 'grpc.use_local_subchannel_pool': 1 });
    this.#opened.push(client);
    return client;
  }
}

describe('the server over the wire', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-server-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('lets exactly one of 100 parallel attestations have a join token', async () => {
    await using run = await Run.start(folder);
    const [roots, token] = [await run.roots(), await run.token()];
    const attempts = Array.from({ length: 100 }, () => attest(run.address, roots, token));
    const outcomes = await Promise.allSettled(attempts);
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue;
      const { code, details } = outcome.reason as ServiceError;
      assert.equal(code, status.INVALID_ARGUMENT);
      assert.equal(details, 'failed to attest: join token does not exist or has already been used');
    }
    const agents = run.local(agentApi);
    assert.equal((await call(agents, 'CountAgents', {})).count, 1);
  }).timeout(60_000);

  it('goes on after a restart with the same authority, entries, agents and tokens', async () => {
    const before = await Run.start(folder);
    const [roots, token] = [await before.roots(), await before.token()];
    const channel = await before.join();
    const entries = before.local(entryApi);
    const entry = {
      id: 'web',
      parent_id: { trust_domain: 'example.org', path: '/node' },
      spiffe_id: { trust_domain: 'example.org', path: '/web' },
      selectors: [{ type: 'unix', value: 'uid:1000' }],
    };
    await call(entries, 'BatchCreateEntry', { entries: [entry] });
    await before[Symbol.asyncDispose]();

    await using after = await Run.start(folder);
    assert.equal(await after.roots(), roots);
    const stored = after.local(entryApi);
    assert.equal((await call(stored, 'GetEntry', { id: 'web' })).spiffe_id?.path, '/web');
    const agent = after.remote(agentApi, channel);
    await call(agent, 'PostStatus', {});
    await attest(after.address, roots, token);
  });

  it('tells an agent with an expired SVID, on the connection that it has open, that it expired', async () => {
    await using run = await Run.start(folder, { agentTtlSeconds: 2 });
    const agent = run.remote(agentApi, await run.join());
    await call(agent, 'PostStatus', {});
    const reason = await until('the SVID to expire', async () => {
      try {
        await call(agent, 'PostStatus', {});
        return undefined;
      } catch (error) {
        return permissionDeniedReason(error as ServiceError) ?? `no reason: ${String(error)}`;
      }
    });
    assert.equal(reason, 'AGENT_EXPIRED');
  });

  it('makes the second attestation of an address within a second wait, or fail if it cannot', async () => {
    await using run = await Run.start(folder, { rateLimit: { attestation: true, signing: true } });
    const [roots, first, second] = [await run.roots(), await run.token(), await run.token()];
    const start = performance.now();
    await attest(run.address, roots, first);
    const options = { checkServerIdentity: (): undefined => undefined };
    const hurried = run.remote(agentApi, credentials.createSsl(Buffer.from(roots), null, null, options));
    const stream = hurried.AttestAgent({ deadline: Date.now() + 300 });
    const refused = new Promise<ServiceError>((resolve) => stream.once('error', resolve));
    const csr = newRequest(await generateKey('ec-p256'));
    stream.write({ params: { data: { type: 'join_token', payload: Buffer.from(second) }, params: { csr } } });
    assert.equal((await refused).code, status.RESOURCE_EXHAUSTED);
    await attest(run.address, roots, second);
    assert.ok(performance.now() - start > 900);
  });

  it('leaves one audit record a call, and no secret in any line', async () => {
    await using run = await Run.start(folder);
    const unused = await run.token();
    const agent = run.remote(agentApi, await run.join());
    await call(agent, 'RenewAgent', { params: { csr: newRequest(await generateKey('ec-p256')) } });
    const audit = run.lines.filter((line) => line.includes('"type":"audit"'));
    assert.equal(audit.filter((line) => line.includes('"AttestAgent"')).length, 1);
    assert.equal(audit.filter((line) => line.includes('"RenewAgent"')).length, 1);
    assert.match(audit.find((line) => line.includes('"RenewAgent"')) ?? '', /"caller_id":"spiffe:\/\/example\.org\//);
    for (const secret of [unused, 'PRIVATE KEY', 'BEGIN']) {
      assert.ok(!run.lines.some((line) => line.includes(secret)), secret);
    }
  });
});
