// The agent's admin socket from outside: a delegate that asks as Cilium's agent does, operators, and who may not.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials, Metadata, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { TestCa } from '@credence/sdk/testing';
import { delegatedIdentityApi, workloadApi } from '@credence/sdk/wire';
import type { DelegatedIdentityClient } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/DelegatedIdentity.js';
import type { SubscribeToX509BundlesResponse__Output as X509Bundles } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/SubscribeToX509BundlesResponse.js';
import type { SubscribeToX509SVIDsResponse__Output as X509Svids } from '@credence/sdk/wire/gen/spire/api/agent/delegatedidentity/v1/SubscribeToX509SVIDsResponse.js';
import { decodeJwt } from 'jose';
import { Admin } from '../support/admin.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { until } from '../support/until.js';

const megabytes = 1024 * 1024;
const many = 200;

/** What came on a stream, newest last, and how it ended. */
class Received<Message> {
  readonly messages: Message[] = [];
  end: ServiceError | undefined;

  constructor(stream: ClientReadableStream<Message>) {
    stream.on('data', (message: Message) => this.messages.push(message));
    stream.on('error', (error: ServiceError) => (this.end = error));
  }

  get last(): Message | undefined {
    return this.messages.at(-1);
  }
}

describe("the agent's admin socket", () => {
  let deployment: Deployment;
  let admin: Admin;
  let socketPath: string;
  let client: DelegatedIdentityClient;
  let delegateEntry: string;

  before(async () => {
    deployment = await Deployment.create();
    socketPath = join(deployment.folder, 'agent', 'private', 'admin.sock');
    await deployment.startServer();
    const config = {
      admin_socket_path: socketPath,
      authorized_delegates: ['spiffe://example.org/cilium-agent'],
      experimental: { sync_interval: '200ms', ratelimit: { fetch_jwt_bundles: 2 } },
    };
    await deployment.startAgent({ config });
    admin = new Admin(deployment.adminSocket);
    // As Cilium does.
    client = delegatedIdentityApi.createClient(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': 20 * megabytes,
      'grpc.max_send_message_length': 20 * megabytes,
    });
  });
  after(async () => {
    client.close();
    admin[Symbol.dispose]();
    await deployment[Symbol.asyncDispose]();
  });

  const delegated = { selectors: [{ type: 'cilium', value: 'mtls' }] };

  async function createEntries(entries: readonly object[]): Promise<readonly string[]> {
    const parent_id = { trust_domain: 'example.org', path: '/agent' };
    const { results } = await call(admin.entries, 'BatchCreateEntry', {
      entries: entries.map((entry) => ({ parent_id, selectors: delegated.selectors, ...entry })),
    });
    return results.map(({ entry }) => entry?.id ?? assert.fail());
  }

  const idOf = (path: string): object => ({ spiffe_id: { trust_domain: 'example.org', path } });
  const refusalOf = async (request: object): Promise<string> => {
    const error = await call(client, 'FetchJWTSVIDs', { audience: ['api'], ...request }).then(
      () => assert.fail('it was answered'),
      (reason: unknown) => reason as ServiceError,
    );
    return `${status[error.code]}: ${error.details}`;
  };

  it('is for the agent’s own user and group', async () => {
    assert.equal((await stat(socketPath)).mode & 0o777, 0o770);
  });

  it('is refused below the folder of the public socket', async () => {
    const config = { admin_socket_path: join(deployment.folder, 'other', 'public', 'private', 'admin.sock') };
    const { code, stderr } = await (await deployment.launchAgent({ name: 'other', config, token: false })).finished;
    assert.equal(code, 1);
    assert.match(stderr, /admin_socket_path: .* is in .*other\/public, where socket_path is/);
  });

  it('refuses whoever is no delegate, until he is one', async () => {
    assert.equal(await refusalOf(delegated), 'PERMISSION_DENIED: no identity issued');
    await deployment.createEntry('/somebody');
    const stranger = 'PERMISSION_DENIED: caller not configured as an authorized delegate';
    await until('the agent to know the caller', async () => (await refusalOf(delegated)) === stranger);
    delegateEntry = await deployment.createEntry('/cilium-agent');
    await until('it to be a delegate', async () => (await refusalOf(delegated)).endsWith('no identity issued'));
  });

  it('takes either selectors or a process', async () => {
    const either = 'INVALID_ARGUMENT: must provide either selectors or non-zero PID, but not both';
    assert.equal(await refusalOf({}), either);
    assert.equal(await refusalOf({ ...delegated, pid: process.pid }), either);
    const selectors = [{ type: 'unix', value: '' }];
    assert.equal(await refusalOf({ selectors }), 'INVALID_ARGUMENT: could not parse provided selectors');
    assert.equal(await refusalOf({ ...delegated, audience: [] }), 'INVALID_ARGUMENT: audience must be specified');
  });

  it('sends an empty message while there is nothing, and then everything in one, without a cap', async () => {
    const received = new Received<X509Svids>(client.SubscribeToX509SVIDs(delegated));
    await until('the empty message', () => Promise.resolve(received.messages.length > 0));
    assert.deepEqual(received.messages, [{ x509_svids: [], federates_with: [] }]);

    const names = Array.from({ length: many }, (_, index) => `/mesh/${String(index)}`);
    await createEntries(names.map((path) => ({ ...idOf(path), hint: 'mesh' })));
    await createEntries([
      { ...idOf('/boss'), admin: true },
      { ...idOf('/below'), downstream: true },
    ]);
    await until('all of them', () => Promise.resolve(received.last?.x509_svids.length === many));
    const svids = received.last?.x509_svids.map(({ x509_svid }) => x509_svid!) ?? [];
    assert.deepEqual(svids.map(({ id }) => id?.path).sort(), names.sort());
    const [{ id, cert_chain, expires_at, hint }] = svids as [(typeof svids)[0]];
    const leaf = new X509Certificate(cert_chain[0]!);
    assert.equal(leaf.subjectAltName, `URI:spiffe://example.org${id!.path}`);
    assert.equal(Number(expires_at), Date.parse(leaf.validTo) / 1000);
    assert.equal(hint, 'mesh');
  });

  it('gives JWT-SVIDs of a process, but none for those that administer', async () => {
    const answer = await call(client, 'FetchJWTSVIDs', { audience: ['api'], pid: process.pid });
    const paths = answer.svids.map(({ id }) => id?.path);
    assert.deepEqual(paths.sort(), ['/cilium-agent', '/somebody']);
    const { exp, iat, aud } = decodeJwt(answer.svids[0]!.token);
    const { expires_at, issued_at } = answer.svids[0]!;
    assert.deepEqual([String(exp), String(iat), aud], [expires_at, issued_at, ['api']]);

    await createEntries([{ ...idOf('/boss-2'), admin: true, selectors: [{ type: 'cilium', value: 'boss' }] }]);
    await createEntries([{ ...idOf('/plain'), selectors: [{ type: 'cilium', value: 'plain' }] }]);
    const fetch = (value: string) =>
      call(client, 'FetchJWTSVIDs', { audience: ['api'], selectors: [{ type: 'cilium', value }] });
    await until('the plain entry', () =>
      fetch('plain').then(
        () => true,
        () => false,
      ),
    );
    await assert.rejects(fetch('boss'), { details: 'no identity issued' });
    assert.equal(await refusalOf({ pid: 2 ** 31 - 1 }), 'UNAVAILABLE: workload attestation failed');
    // The connection is still there.
    assert.equal((await fetch('plain')).svids.length, 1);
  });

  it('sends all bundles, and takes out those that are gone', async () => {
    const received = new Received<X509Bundles>(client.SubscribeToX509Bundles({}));
    const known = (): readonly string[] => Object.keys(received.last?.ca_certificates ?? {}).sort();
    await until('the own bundle', () => Promise.resolve(known().length === 1));
    const ca = await TestCa.create('partner.test');
    await call(admin.bundles, 'BatchSetFederatedBundle', {
      bundle: [
        {
          trust_domain: 'partner.test',
          x509_authorities: [{ asn1: ca.bundle().authorities[0]!.raw }],
        },
      ],
    });
    const [id] = await createEntries([
      { ...idOf('/partner'), federates_with: ['partner.test'], selectors: [{ type: 'cilium', value: 'partner' }] },
    ]);
    await until('the bundle of the partner', () => Promise.resolve(known().length === 2));
    assert.deepEqual(known(), ['spiffe://example.org', 'spiffe://partner.test']);

    const partner = new Received<X509Svids>(
      client.SubscribeToX509SVIDs({ selectors: [{ type: 'cilium', value: 'partner' }] }),
    );
    await until('the partner', () => Promise.resolve(partner.last?.x509_svids.length === 1));
    assert.deepEqual(partner.last?.federates_with, ['spiffe://partner.test']);

    await call(admin.entries, 'BatchDeleteEntry', { ids: [id!] });
    await until('the bundle to go', () => Promise.resolve(known().length === 1));
    await until('the partner to go', () => Promise.resolve(partner.last?.x509_svids.length === 0));
    assert.equal(received.end, undefined);
    assert.equal(partner.end, undefined);
  });

  it('is shown by debug getinfo and logger, to whoever may connect', async () => {
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await deployment.agent(...args, '--socket-path', socketPath);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const info = JSON.parse(await run('debug', 'getinfo', '--output', 'json')) as Record<string, unknown>;
    assert.ok(Number(info['cached_x509_svids_count']) >= many);
    assert.equal(info['svids_count'], info['cached_x509_svids_count']);
    assert.equal(await run('logger', 'set', '--level', 'debug'), 'Logger Level : debug\nLaunch Level : info\n\n');
    assert.equal(await run('logger', 'reset'), 'Logger Level : info\nLaunch Level : info\n\n');
  });

  it('is asked for, by its path, when a command is sent to another socket, as are the others', async () => {
    const [workloads, server] = [deployment.workloadSocket(), deployment.adminSocket];
    const notOfAgent = (path: string): string => `${path} is not the admin socket of a credence-agent`;
    const notPublic = (path: string): string => `${path} is not the public socket of an agent`;
    const notOfServer = (path: string): string => `${path} is not the admin socket of a server that knows this command`;
    const toAgent = (...args: string[]) => deployment.agent(...args);
    const toServer = (...args: string[]) => deployment.serverAlone(...args);
    const web = ['--spiffe-id', 'spiffe://example.org/web', '--parent-id', 'spiffe://example.org/agent'];
    for (const { run, args, path, hint } of [
      { run: toAgent, args: ['logger', 'get'], path: workloads, hint: notOfAgent },
      { run: toAgent, args: ['logger', 'set', '--level', 'debug'], path: server, hint: notOfAgent },
      { run: toAgent, args: ['debug', 'getinfo'], path: workloads, hint: notOfAgent },
      { run: toAgent, args: ['api', 'fetch', 'x509'], path: socketPath, hint: notPublic },
      { run: toAgent, args: ['api', 'fetch', 'jwt', '--audience', 'a'], path: server, hint: notPublic },
      { run: toServer, args: ['logger', 'reset'], path: workloads, hint: notOfServer },
      { run: toServer, args: ['debug', 'getinfo'], path: socketPath, hint: notOfServer },
      {
        run: toServer,
        args: ['jwt', 'mint', '--spiffe-id', web[1]!, '--audience', 'a'],
        path: workloads,
        hint: notOfServer,
      },
      {
        run: toServer,
        args: ['entry', 'create', ...web, '--selector', 'unix:uid:1'],
        path: workloads,
        hint: notOfServer,
      },
    ]) {
      const { code, stderr } = await run(...args, '--socket-path', path);
      assert.equal(code, 1);
      assert.ok(stderr.endsWith(`; ${hint(path)}: say where that is by --socket-path\n`), stderr);
      assert.match(stderr, /rpc error: code = Unimplemented desc = /);
    }
  });

  it('has a public one beside it, which tells a workload that calls too often how often it may', async () => {
    const socket = `unix:${deployment.workloadSocket()}`;
    const workload = workloadApi.createClient(socket, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('workload.spiffe.io', 'true');
    const first = (method: 'FetchJWTBundles' | 'FetchX509Bundles'): Promise<string> =>
      new Promise((resolve) => {
        const stream: ClientReadableStream<object> = workload[method]({}, metadata);
        stream.once('data', () => {
          resolve('answered');
          stream.cancel();
        });
        stream.on('error', ({ details }: ServiceError) => {
          resolve(details);
        });
      });
    const refusal =
      'rate limit exceeded for /SpiffeWorkloadAPI/FetchJWTBundles: 2 a second are accepted; try again later';
    const answers = await Promise.all(Array.from({ length: 20 }, () => first('FetchJWTBundles')));
    assert.ok(answers.includes('answered') && answers.includes(refusal));
    assert.equal(await first('FetchX509Bundles'), 'answered');
    await until('the rate to allow it', async () => (await first('FetchJWTBundles')) === 'answered');
    workload.close();
  });

  it('ends the streams of a delegate that is none any more, when there is something to send', async () => {
    const received = new Received<X509Svids>(client.SubscribeToX509SVIDs(delegated));
    await until('the first message', () => Promise.resolve(received.messages.length > 0));
    await call(admin.entries, 'BatchDeleteEntry', { ids: [delegateEntry] });
    await createEntries([idOf('/late')]);
    await until('the end', () => Promise.resolve(received.end !== undefined));
    assert.equal(received.end?.details, 'caller not configured as an authorized delegate');
    assert.ok(received.messages.every(({ x509_svids }) => x509_svids.length === many));
  });
});
