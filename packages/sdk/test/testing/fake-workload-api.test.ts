import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { credentials, Metadata, status } from '@grpc/grpc-js';
import { JwtSource, WorkloadApiClient, X509Source } from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { workloadApi } from '@credence/sdk/wire';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import { until } from '../support/until.js';

describe('FakeWorkloadApi', () => {
  let ca: TestCa;
  let fake: FakeWorkloadApi;
  let client: WorkloadApiClient;
  let raw: SpiffeWorkloadAPIClient;

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    client = new WorkloadApiClient({ address: fake.address });
    raw = workloadApi.createClient(fake.address, credentials.createInsecure());
  });
  afterEach(async () => {
    raw.close();
    await client.close();
    await fake[Symbol.asyncDispose]();
  });

  const header = (...values: string[]): Metadata => {
    const metadata = new Metadata();
    for (const value of values) metadata.add('workload.spiffe.io', value);
    return metadata;
  };
  const streamStatus = (metadata: Metadata): Promise<status | undefined> =>
    new Promise((resolve) => {
      const call = raw.fetchX509Svid({}, metadata);
      call.on('error', (error: { code?: status }) => {
        resolve(error.code);
      });
      call.on('data', () => {
        resolve(status.OK);
        call.cancel();
      });
    });
  const tokenStatus = (audience: string[], metadata: Metadata): Promise<status> =>
    new Promise((resolve) => {
      raw.fetchJwtsvid({ audience }, metadata, (error) => {
        resolve(error?.code ?? status.OK);
      });
    });

  it('issues no identity at first, to nobody', async () => {
    await assert.rejects(client.fetchX509Context(), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    await assert.rejects(client.fetchX509Bundles(), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    await assert.rejects(client.fetchJwtBundles(), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    await assert.rejects(client.fetchJwtSvid({ audience: 'x' }), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    await assert.rejects(client.validateJwtSvid('x', 'x'), { code: 'ERR_SPIFFE_NO_IDENTITY' });
  });

  it('refuses calls without the security header, or with another value, as a real one must', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    fake.setJwt([ca.jwtBundle()], async ({ audience }) => [await ca.jwtSvid('/a', { audience })]);
    assert.equal(await streamStatus(header('true')), status.OK);
    assert.equal(await tokenStatus(['x'], header('true')), status.OK);
    for (const metadata of [header(), header('false'), header('True'), header('1'), header('true', 'true')]) {
      assert.equal(await streamStatus(metadata), status.INVALID_ARGUMENT);
      assert.equal(await tokenStatus(['x'], metadata), status.INVALID_ARGUMENT);
    }
    assert.equal(await tokenStatus([], header('true')), status.INVALID_ARGUMENT);
  });

  it('has no WIT profile', async () => {
    const code = await new Promise((resolve) => {
      raw.fetchWitsvid({}, header('true')).on('error', (error: { code?: status }) => {
        resolve(error.code);
      });
    });
    assert.equal(code, status.UNIMPLEMENTED);
  });

  it('issues and validates JWT-SVIDs', async () => {
    fake.setJwt([ca.jwtBundle()], async ({ audience, subject }) => [await ca.jwtSvid(subject ?? '/a', { audience })]);
    const { token } = await client.fetchJwtSvid({ audience: ['x', 'y'], subject: 'spiffe://example.org/b' });
    assert.equal((await client.validateJwtSvid(token, 'y')).id.path, '/b');
    await assert.rejects(client.validateJwtSvid(token, 'z'), { code: 'ERR_SPIFFE_WORKLOAD_API' });
    assert.deepEqual(
      fake.requests.map(({ method, message }) => [method, message]),
      [
        ['FetchJWTSVID', { audience: ['x', 'y'], spiffe_id: 'spiffe://example.org/b' }],
        ['ValidateJWTSVID', { audience: 'y', svid: token }],
        ['ValidateJWTSVID', { audience: 'z', svid: token }],
      ],
    );
  });

  it('fails so many calls, and leaves open streams alone', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    await using source = await X509Source.create({ address: fake.address });
    fake.fail(status.UNAVAILABLE, 'later', { times: 2 });
    await assert.rejects(client.fetchX509Context(), { message: /later/ });
    await assert.rejects(client.fetchX509Context(), { message: /later/ });
    assert.equal((await client.fetchX509Svid()).id.path, '/a');
    assert.equal(source.healthy, true);
  });

  it('serves again what it served before a failure', async () => {
    fake.setJwt([ca.jwtBundle()]);
    fake.fail(status.UNAVAILABLE);
    await assert.rejects(client.fetchJwtBundles(), { code: 'ERR_SPIFFE_WORKLOAD_API' });
    fake.serve();
    assert.ok((await client.fetchJwtBundles()).has(ca.trustDomain));
  });

  it('pushes the same once more, to streams of each kind', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    fake.setJwt([ca.jwtBundle()]);
    const [contexts, bundles] = [client.watchX509Context(), client.watchJwtBundles()];
    await Promise.all([contexts.next(), bundles.next()]);
    const next = Promise.all([contexts.next(), bundles.next()]);
    fake.push();
    for (const { done } of await next) assert.equal(done, false);
    await Promise.all([contexts.return(), bundles.return()]);
  });

  it('answers late when it is told to, and not at all when it stalls', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    fake.delay(100);
    const startedMs = performance.now();
    await client.fetchX509Svid();
    assert.ok(performance.now() - startedMs >= 99);
    fake.delay(0);
    fake.stall();
    await assert.rejects(client.fetchX509Svid({ timeoutMs: 50 }), { message: /50 ms/ });
  });

  it('disturbs connections, and counts them', async () => {
    fake.setJwt([ca.jwtBundle()]);
    await using source = await JwtSource.create({ address: fake.address, keepaliveMs: 300 });
    assert.equal(fake.connections, 1);
    fake.sendRaw(Buffer.from('this is no HTTP/2 at all, as everybody can see'));
    await until('the failure', () => !source.healthy);
    await until('the recovery', () => source.healthy);
    await until('one connection', () => fake.connections === 1);
  });

  it('gives plain HTTP no identity', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    const socket: Socket = connect(fake.address.slice('unix://'.length)).on('error', () => undefined);
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    socket.write('GET /SpiffeWorkloadAPI/FetchX509SVID HTTP/1.1\r\nHost: x\r\nworkload.spiffe.io: true\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    assert.ok(!Buffer.concat(received).includes('spiffe://'));
  });
});
