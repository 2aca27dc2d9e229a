// A real server on which something is to come to nothing: what an agent may call, and how to see that nothing happened.
import assert from 'node:assert/strict';
import { status, type Client, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { generateKey } from '@credence/sdk/keys';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { Admin } from './admin.js';
import { Deployment } from './deployment.js';
import { call, newRequest } from './grpc.js';
import { RogueAgent, type RogueServer } from './rogue-agent.js';
import { counting, ServerRecord } from './server-record.js';
import { until } from './until.js';

/** Of a key that everybody may have. */
export const csr = newRequest(await generateKey('ec-p256'));
/** An ID of the trust domain, as the wire has it. */
export const named = (path: string): { trust_domain: string; path: string } => ({ trust_domain: 'example.org', path });

/** What an agent may call. `own` is the ID of an entry that it may serve. */
export const ofAgents: Readonly<Record<string, (agent: RogueAgent) => Promise<unknown>>> = {
  GetAuthorizedEntries: ({ entries }) => call(entries, 'GetAuthorizedEntries', {}),
  SyncAuthorizedEntries: ({ entries }) => firstAnswer(entries.SyncAuthorizedEntries(), {}),
  WatchChanges: ({ changes }) => firstAnswer(changes.WatchChanges({})),
  GetEntries: ({ changes }) => call(changes, 'GetEntries', { ids: ['own'] }),
  RenewAgent: ({ agents }) => call(agents, 'RenewAgent', { params: { csr } }),
  PostStatus: ({ agents }) => call(agents, 'PostStatus', { agent_version: '1' }),
  BatchNewX509SVID: ({ svids }) => call(svids, 'BatchNewX509SVID', { params: [{ entry_id: 'own', csr }] }),
  NewJWTSVID: ({ svids }) => call(svids, 'NewJWTSVID', { entry_id: 'own', audience: ['api'] }),
  GetFederatedBundle: ({ bundles }) => call(bundles, 'GetFederatedBundle', { trust_domain: 'other.test' }),
};

/** One server that counts, without rate limits. */
export class RogueScene implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly record: ServerRecord;
  readonly admin: Admin;
  readonly server: RogueServer;

  private constructor(deployment: Deployment, record: ServerRecord, admin: Admin, roots: string) {
    this.deployment = deployment;
    this.record = record;
    this.admin = admin;
    this.server = { port: deployment.port, roots, generateToken: () => admin.generateToken() };
  }

  static async create(config: object = {}): Promise<RogueScene> {
    const deployment = await Deployment.create();
    const options = { config: { ratelimit: { attestation: false, signing: false }, ...config }, sections: counting };
    const record = new ServerRecord(await deployment.startServer(options));
    return new RogueScene(
      deployment,
      record,
      new Admin(deployment.adminSocket),
      await deployment.admin('bundle', 'show'),
    );
  }

  join(): Promise<RogueAgent> {
    return RogueAgent.join(this.server);
  }

  async entry(id: string, parent: string, fields: Entry = {}): Promise<void> {
    const entry = { id, spiffe_id: named(`/${id}`), parent_id: named(parent), ...fields };
    const request = { entries: [{ selectors: [{ type: 'unix', value: 'uid:1' }], ...entry }] };
    const { results } = await call(this.admin.entries, 'BatchCreateEntry', request);
    assert.equal(results[0]?.status?.code, status.OK, results[0]?.status?.message);
  }

  /** Runs what must come to nothing: neither does the server sign, nor change entries or agents. */
  async nothingFrom<T>(attempt: () => Promise<T>): Promise<T> {
    const state = async (): Promise<unknown> => [
      await this.record.signed(),
      await this.admin.listEntries(),
      await this.admin.agentIds(),
    ];
    const before = await state();
    const result = await attempt();
    assert.deepEqual(await state(), before);
    return result;
  }

  /** Waits for the record of a call that `fields` describe. */
  async audited(fields: Readonly<Record<string, unknown>>): Promise<void> {
    await until(`the record of ${JSON.stringify(fields)}`, () => this.record.audited(fields).length > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.admin[Symbol.dispose]();
    await this.deployment[Symbol.asyncDispose]();
  }
}

interface Readable {
  on(event: 'data', listener: (answer: unknown) => void): unknown;
  on(event: 'error', listener: (error: ServiceError) => void): unknown;
  once(event: 'end', listener: () => void): unknown;
  cancel(): void;
}

/** The first answer of a stream, which then ends. */
export function firstAnswer<Request>(
  stream: Readable & { write?(request: Request): unknown },
  request?: Request,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    // After the first answer, `error` is the end that we make.
    stream.on('error', reject);
    stream.on('data', (answer) => {
      resolve(answer);
      stream.cancel();
    });
    stream.once('end', () => {
      reject(new Error('no answer'));
    });
    if (request !== undefined) stream.write?.(request);
  });
}

/** A call by its path, with these bytes as its message. */
export function callByPath(
  client: Client,
  path: string,
  message: Buffer = Buffer.alloc(0),
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const plain = (value: Buffer): Buffer => value;
    const started: ClientUnaryCall = client.makeUnaryRequest(path, plain, plain, message, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
    started.on('error', () => undefined);
  });
}

/** What the attempt was refused by. */
export async function refusal(attempt: Promise<unknown>): Promise<ServiceError> {
  try {
    await attempt;
  } catch (error) {
    return error as ServiceError;
  }
  return assert.fail('it was not refused');
}
