// How the client of the SDK behaves towards a Workload API: what it sends, and what it makes of every answer that is no
// message (SPIFFE Workload Endpoint §§3, 4, 6, appendix A; SPIFFE Workload API §4.2).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import {
  BundleSource,
  isSpiffeError,
  JwtSource,
  WorkloadApiClient,
  X509Source,
  type SourceOptions,
} from '@credence/sdk';
import { FakeWorkloadApi, ManualClock, TestCa } from '@credence/sdk/testing';
import { until } from '../support/until.js';

const audience = 'spiffe://example.org/api';

describe('a client of the Workload API', () => {
  let ca: TestCa;
  let fake: FakeWorkloadApi;
  const environment = process.env['SPIFFE_ENDPOINT_SOCKET'];

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    fake.setJwt([ca.jwtBundle()], async (asked) => [await ca.jwtSvid('/a', { audience: asked.audience })]);
  });
  afterEach(async () => {
    if (environment === undefined) delete process.env['SPIFFE_ENDPOINT_SOCKET'];
    else process.env['SPIFFE_ENDPOINT_SOCKET'] = environment;
    await fake[Symbol.asyncDispose]();
  });

  it('calls every RPC of both profiles over gRPC (WEP-3-b, WAPI-1-a, WAPI-3-a), each with the header (WEP-3-e)', async () => {
    await using client = new WorkloadApiClient({ address: fake.address });
    await client.fetchX509Context();
    await client.fetchX509Bundles();
    await client.fetchJwtBundles();
    const { token } = await client.fetchJwtSvid({ audience });
    await client.validateJwtSvid(token, audience);
    await using x509 = await X509Source.create({ address: fake.address });
    await using jwt = await JwtSource.create({ address: fake.address });
    await using bundles = await BundleSource.create({ address: fake.address });
    fake.dropConnections();
    await until('the streams to be open again', () => fake.requests.length >= 13);
    await until('health', () => x509.healthy && jwt.healthy && bundles.healthy);
    assert.equal(new Set(fake.requests.map(({ method }) => method)).size, 5);
    assert.deepEqual(new Set(fake.requests.flatMap(({ header }) => header.join())), new Set(['true']));
  });

  it('takes only the Workload API to be there: it calls nothing else (WEP-7-e)', async () => {
    await using source = await X509Source.create({ address: fake.address });
    assert.deepEqual(
      fake.requests.map(({ method }) => method),
      ['FetchX509SVID'],
    );
    assert.equal(source.healthy, true);
  });

  it('connects where SPIFFE_ENDPOINT_SOCKET says, and where it is told before that (WEP-4-a, EV-16)', async () => {
    process.env['SPIFFE_ENDPOINT_SOCKET'] = fake.address;
    await using byVariable = new WorkloadApiClient();
    assert.equal((await byVariable.fetchX509Svid()).id.path, '/a');
    process.env['SPIFFE_ENDPOINT_SOCKET'] = 'unix:///nowhere.sock';
    await using explicit = new WorkloadApiClient({ address: fake.address });
    assert.equal((await explicit.fetchX509Svid()).id.path, '/a');
  });

  it('asks for the audiences as they were given, in order (WAPI-6.2.1-a)', async () => {
    await using client = new WorkloadApiClient({ address: fake.address });
    const subject = 'spiffe://example.org/a';
    await client.fetchJwtSvid({ audience: ['z', 'A a', 'z'], subject });
    await client.fetchJwtSvid({ audience: 'one' });
    assert.deepEqual(
      fake.requests.map(({ message }) => message),
      [
        { audience: ['z', 'A a', 'z'], spiffe_id: subject },
        { audience: ['one'], spiffe_id: '' },
      ],
    );
  });

  it('leaves the validation of a token to the Workload API (WAPI-6.3-a)', async () => {
    await using client = new WorkloadApiClient({ address: fake.address });
    const svid = await ca.jwtSvid('/b', { audience });
    const valid = await client.validateJwtSvid(svid.token, audience);
    assert.equal(valid.id.path, '/b');
    assert.deepEqual(valid.audience, [audience]);
    await assert.rejects(
      client.validateJwtSvid(svid.token, 'other'),
      (error) =>
        isSpiffeError(error, 'ERR_SPIFFE_WORKLOAD_API') &&
        !error.retryable &&
        error.details['grpcCode'] === 'INVALID_ARGUMENT',
    );
  });

  it('has one stream for as long as it lives, and does not poll (WAPI-4.2-a)', async () => {
    const clock = new ManualClock(new Date());
    await using source = await X509Source.create({ address: fake.address, clock });
    await clock.advance(1_800_000);
    fake.setX509([await ca.x509Svid('/b')], [ca.bundle()]);
    await until('the update', () => source.getX509Svid().id.path === '/b');
    assert.equal(fake.requests.length, 1);
  });

  const sources = [
    {
      name: 'X509Source',
      create: (options: SourceOptions) => X509Source.create(options),
      streams: 1,
      again: 'WAPI-5.2.1-f',
    },
    {
      name: 'JwtSource',
      create: (options: SourceOptions) => JwtSource.create(options),
      streams: 1,
      again: 'WAPI-6.2.2-e',
    },
    {
      name: 'BundleSource',
      create: (options: SourceOptions) => BundleSource.create(options),
      streams: 2,
      again: 'WAPI-5.2.2-d',
    },
  ];
  const retried = [
    { ids: 'WEP-6-c, WEP-A-b, EV-43', code: status.UNAVAILABLE, floorMs: 160 },
    { ids: 'WEP-6-f, WEP-A-c', code: status.PERMISSION_DENIED, floorMs: 800 },
  ];
  for (const { name, create, streams, again } of sources) {
    for (const { ids, code, floorMs } of retried) {
      it(`${name} recovers from three answers of ${status[code]}, waiting between them (${ids}, ${again})`, async () => {
        const clock = new ManualClock(new Date());
        const waits: number[] = [];
        fake.fail(code, 'by the test', { times: 3 * streams });
        const creating = create({ address: fake.address, clock });
        for (let attempt = 1; attempt <= 3; attempt++) {
          await until('the failures', () => fake.requests.length === attempt * streams);
          await clock.waitForSleepers(streams + 1);
          waits.push(clock.nextDueMs ?? 0);
          await clock.advance(floorMs * 2 ** attempt);
        }
        await using source = await creating;
        assert.equal(source.healthy, true);
        assert.ok(
          waits.every((wait, index) => wait >= floorMs * 2 ** index),
          waits.join(),
        );
        assert.equal(fake.requests.length, 4 * streams);
      });
    }

    for (const { ids, code } of [
      { ids: 'WEP-6-b, WEP-A-a, EV-45', code: status.INVALID_ARGUMENT },
      { ids: 'WEP-A-d, EV-46', code: status.UNIMPLEMENTED },
    ]) {
      it(`${name} reports ${status[code]} after one call for each stream, at the start and later (${ids})`, async () => {
        const clock = new ManualClock(new Date());
        await using source = await create({ address: fake.address, clock });
        const failed = once(source, 'error');
        fake.fail(code);
        await failed;
        await assert.rejects(source.waitUntilUpdated(), { code: 'ERR_SPIFFE_WORKLOAD_API', retryable: false });
        await clock.advance(3_600_000);
        assert.equal(fake.requests.length, streams);
        assert.equal(source.healthy, false);
        await assert.rejects(create({ address: fake.address, clock }), {
          code: 'ERR_SPIFFE_WORKLOAD_API',
          retryable: false,
        });
        assert.equal(fake.requests.length, 2 * streams);
      });
    }
  }

  for (const { name, end } of [
    {
      name: 'OK',
      end: () => {
        fake.end();
      },
    },
    {
      name: 'UNAVAILABLE',
      end: () => {
        fake.fail(status.UNAVAILABLE);
      },
    },
    {
      name: 'a broken connection',
      end: () => {
        fake.dropConnections();
      },
    },
  ]) {
    it(`opens the stream again within 100 ms when one that lived ends with ${name} (WAPI-4.2-b, EV-43)`, async () => {
      const clock = new ManualClock(new Date());
      await using source = await X509Source.create({ address: fake.address, clock });
      await clock.advance(60_000);
      const failed = once(source, 'error');
      end();
      await failed;
      await clock.waitForSleepers(1);
      assert.ok((clock.nextDueMs ?? Infinity) <= 100, `${String(clock.nextDueMs)} ms`);
      fake.serve();
      await clock.advance(100);
      await until('the new stream', () => fake.requests.length === 2 && source.healthy);
    });
  }

  it('does not call in a tight loop when every stream ends at once (WAPI-4.2-b)', async () => {
    const clock = new ManualClock(new Date());
    fake.end();
    const creating = X509Source.create({ address: fake.address, clock, timeoutMs: 60_000 });
    creating.catch(() => undefined);
    for (let attempt = 1; attempt <= 6; attempt++) {
      await clock.waitForSleepers(2);
      await clock.advance(clock.nextDueMs ?? 0);
      await until('the call', () => fake.requests.length === attempt + 1);
    }
    assert.ok(clock.now().getTime() - Date.now() > 0.8 * (200 + 400 + 800 + 1600 + 3200 + 6400) - 1000);
    await clock.waitForSleepers(2);
    await clock.advance(60_000);
    await assert.rejects(creating, { code: 'ERR_SPIFFE_WORKLOAD_API', message: /60000 ms.*ended the stream/ });
  });

  it('no longer uses what was withdrawn by PERMISSION_DENIED in mid-stream (WAPI-5.2.1-g, EV-44)', async () => {
    await using source = await X509Source.create({ address: fake.address });
    const revoked = once(source, 'update');
    fake.fail(status.PERMISSION_DENIED);
    await revoked;
    assert.throws(() => source.getX509Svid(), { code: 'ERR_SPIFFE_NO_IDENTITY', retryable: true });
    assert.throws(() => source.getX509BundleForTrustDomain(ca.trustDomain), { code: 'ERR_SPIFFE_NO_IDENTITY' });
  });

  for (const { code, expected, retryable } of [
    { code: status.PERMISSION_DENIED, expected: 'ERR_SPIFFE_NO_IDENTITY', retryable: true },
    { code: status.INVALID_ARGUMENT, expected: 'ERR_SPIFFE_WORKLOAD_API', retryable: false },
    { code: status.UNIMPLEMENTED, expected: 'ERR_SPIFFE_WORKLOAD_API', retryable: false },
    { code: status.UNAVAILABLE, expected: 'ERR_SPIFFE_WORKLOAD_API', retryable: true },
  ]) {
    it(`makes each single call once and tells ${status[code]} by its name (WEP-A-a, WEP-A-d)`, async () => {
      await using client = new WorkloadApiClient({ address: fake.address });
      fake.fail(code, 'the reason');
      const error = { code: expected, retryable, details: { grpcCode: status[code], grpcDetails: 'the reason' } };
      await assert.rejects(client.fetchX509Context(), error);
      await assert.rejects(client.fetchX509Bundles(), error);
      await assert.rejects(client.fetchJwtBundles(), error);
      await assert.rejects(client.fetchJwtSvids({ audience }), error);
      await assert.rejects(client.validateJwtSvid('x', audience), error);
      assert.equal(fake.requests.length, 5);
    });
  }

  it('says that nobody listens, and finds the endpoint when it comes (WEP-6-c, EV-43)', async () => {
    await fake.stop();
    await using client = new WorkloadApiClient({ address: fake.address });
    await assert.rejects(client.fetchX509Svid(), { code: 'ERR_SPIFFE_WORKLOAD_API', retryable: true });
    const creating = X509Source.create({ address: fake.address });
    await fake.resume();
    await using source = await creating;
    assert.equal(source.healthy, true);
    assert.equal((await client.fetchX509Svid()).id.path, '/a');
  });
});
