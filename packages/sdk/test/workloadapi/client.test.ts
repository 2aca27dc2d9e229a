import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { WorkloadApiClient, type X509Context } from '@credence/sdk';
import { FakeWorkloadApi, ManualClock, TestCa } from '@credence/sdk/testing';

describe('WorkloadApiClient', () => {
  let fake: FakeWorkloadApi;
  let client: WorkloadApiClient;
  let ca: TestCa;
  const clients: WorkloadApiClient[] = [];
  const connect = (options: ConstructorParameters<typeof WorkloadApiClient>[0] = {}): WorkloadApiClient => {
    const made = new WorkloadApiClient({ address: fake.address, ...options });
    clients.push(made);
    return made;
  };

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    client = connect();
  });
  afterEach(async () => {
    for (const made of clients.splice(0)) await made.close();
    await fake[Symbol.asyncDispose]();
  });

  it('fetches the SVIDs, the first being the default (Workload API §5.2.1, §8)', async () => {
    const svids = [await ca.x509Svid('/a', { hint: 'internal' }), await ca.x509Svid('/b', { hint: 'external' })];
    fake.setX509(svids, [ca.bundle()]);
    const context = await client.fetchX509Context();
    assert.deepEqual(context.svids.map(String), svids.map(String));
    assert.equal((await client.fetchX509Svid()).id.toString(), 'spiffe://example.org/a');
    assert.equal((await client.fetchX509Svids()).length, 2);
    assert.equal(context.svidByHint('external')?.id.toString(), 'spiffe://example.org/b');
    assert.ok(context.bundles.has(ca.trustDomain));
  });

  it('fetches the bundles alone (Workload API §5.2.2)', async () => {
    const other = await TestCa.create('other.test');
    fake.setX509([], [ca.bundle(), other.bundle()]);
    const bundles = await client.fetchX509Bundles();
    assert.deepEqual(
      bundles.bundles.map(({ trustDomain }) => trustDomain.name),
      ['example.org', 'other.test'],
    );
  });

  it('sends the security header with every call (Workload Endpoint §3)', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    await client.fetchX509Context();
    await client.fetchX509Bundles();
    const updates = client.watchX509Context();
    await updates.next();
    await updates.return();
    assert.deepEqual(
      fake.requests.map(({ method, header }) => [method, ...header]),
      [
        ['FetchX509SVID', 'true'],
        ['FetchX509Bundles', 'true'],
        ['FetchX509SVID', 'true'],
      ],
    );
  });

  const failures = [
    { code: status.PERMISSION_DENIED, expected: 'ERR_SPIFFE_NO_IDENTITY' },
    { code: status.INVALID_ARGUMENT, expected: 'ERR_SPIFFE_WORKLOAD_API' },
    { code: status.UNAVAILABLE, expected: 'ERR_SPIFFE_WORKLOAD_API' },
  ];
  for (const { code, expected } of failures) {
    it(`does not retry a single call after ${status[code]}`, async () => {
      fake.fail(code);
      await assert.rejects(client.fetchX509Context(), { code: expected });
      assert.equal(fake.requests.length, 1);
    });
  }

  it('says that the endpoint is away', async () => {
    await fake.stop();
    await assert.rejects(client.fetchX509Context(), {
      code: 'ERR_SPIFFE_WORKLOAD_API',
      message: /UNAVAILABLE/,
    });
  });

  it('EV-48: reports a message over the limit, and reads it with a higher one', async () => {
    const svid = await ca.x509Svid('/a');
    fake.setX509([svid, svid, svid], [ca.bundle()]);
    await assert.rejects(connect({ maxMessageBytes: 1000 }).fetchX509Context(), { message: /RESOURCE_EXHAUSTED/ });
    assert.equal((await connect({ maxMessageBytes: 100_000 }).fetchX509Context()).svids.length, 3);
  });

  it('gives up a call when its signal aborts, and every call when it closes', async () => {
    fake.stall();
    const reason = new Error('enough');
    const controller = new AbortController();
    const aborted = client.fetchX509Context({ signal: controller.signal });
    controller.abort(reason);
    await assert.rejects(aborted, reason);
    const closed = client.fetchX509Context();
    await client.close();
    await assert.rejects(closed, { code: 'ERR_SPIFFE_CLOSED' });
    await assert.rejects(client.fetchX509Context(), { code: 'ERR_SPIFFE_CLOSED' });
  });

  it('EV-49: gives a slow reader the newest state and nothing in between', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `/v${i}`);
    const svids = await Promise.all(names.map((name) => ca.x509Svid(name)));
    fake.setX509([svids[0]!], [ca.bundle()]);
    const updates = client.watchX509Context();
    assert.equal(pathOf((await updates.next()).value), '/v0');
    // A second watch sees every push, so it tells when the slow one could have.
    const witness = connect().watchX509Context();
    await witness.next();
    for (const svid of svids.slice(1)) fake.setX509([svid], [ca.bundle()]);
    while (pathOf((await witness.next()).value) !== '/v19');
    let last = '';
    let reads = 0;
    while (last !== '/v19') {
      last = pathOf((await updates.next()).value);
      reads++;
    }
    assert.ok(reads < 19, `${reads} reads`);
    await Promise.all([updates.return(), witness.return()]);
  });

  it('EV-47: never shows a malformed update, reports it, and keeps the stream', async () => {
    const errors: string[] = [];
    const [first, second] = [await ca.x509Svid('/1'), await ca.x509Svid('/2')];
    fake.setX509([first], [ca.bundle()]);
    const updates = client.watchX509Context({
      onError: (error, retryInMs) => {
        errors.push(`${error.code} ${String(retryInMs)}`);
        fake.setX509([second], [ca.bundle()]);
      },
    });
    assert.equal(pathOf((await updates.next()).value), '/1');
    fake.setX509Response({ svids: [] });
    assert.equal(pathOf((await updates.next()).value), '/2');
    assert.deepEqual(errors, ['ERR_SPIFFE_RESPONSE undefined']);
    assert.equal(fake.requests.length, 1);
    await updates.return();
  });

  it('waits longer and longer while the endpoint sends what is no message', async () => {
    fake.setX509Response(Buffer.from('ffffffff', 'hex'));
    const clock = new ManualClock();
    const waits: (number | undefined)[] = [];
    const random = { bytes: (count: number) => Buffer.alloc(count), uniform: () => 0 };
    const updates = connect({ clock, random }).watchX509Context({ onError: (_, retryInMs) => waits.push(retryInMs) });
    const next = updates.next();
    for (let i = 0; i < 4; i++) {
      await clock.waitForSleepers(1);
      await clock.advance(clock.nextDueMs ?? 0);
    }
    await clock.waitForSleepers(1);
    assert.deepEqual(waits, [200, 400, 800, 1600, 3200]);
    await client.close();
    for (const made of clients) await made.close();
    await assert.rejects(next, { code: 'ERR_SPIFFE_CLOSED' });
  });

  for (const { name, restart } of [
    {
      name: 'the agent restarted on a new socket',
      restart: async (): Promise<void> => {
        await fake.stop();
        await fake.resume();
      },
    },
    {
      name: 'its connection broke',
      restart: (): Promise<void> => {
        fake.dropConnections();
        return Promise.resolve();
      },
    },
  ]) {
    it(`EV-43: goes on after ${name}`, async () => {
      fake.setX509([await ca.x509Svid('/1')], [ca.bundle()]);
      const updates = client.watchX509Context();
      assert.equal(pathOf((await updates.next()).value), '/1');
      fake.setX509([await ca.x509Svid('/1')], [ca.bundle()]);
      await updates.next();
      await restart();
      fake.setX509([await ca.x509Svid('/2')], [ca.bundle()]);
      while (pathOf((await updates.next()).value) !== '/2');
      await updates.return();
    });
  }

  it('EV-43: connects when the socket appears', async () => {
    await fake.stop();
    let failed = (): void => undefined;
    const away = new Promise<void>((resolve) => (failed = resolve));
    const updates = client.watchX509Context({ onError: failed });
    const first = updates.next();
    await away;
    fake.setX509([await ca.x509Svid('/1')], [ca.bundle()]);
    await fake.resume();
    assert.equal(pathOf((await first).value), '/1');
    await updates.return();
  });

  it('EV-45: ends a watch with what must not be retried', async () => {
    fake.fail(status.INVALID_ARGUMENT);
    const updates = client.watchX509Context();
    await assert.rejects(updates.next(), { code: 'ERR_SPIFFE_WORKLOAD_API' });
    assert.equal(fake.requests.length, 1);
  });

  it('ends a watch with what its reader throws, and does not ask the Workload API again for it', async () => {
    fake.setX509([await ca.x509Svid('/1')], [ca.bundle()]);
    const failure = new Error('of the reader');
    const failures: unknown[] = [];
    const following = client.followX509Context(
      () => {
        throw failure;
      },
      { onError: (error) => failures.push(error) },
    );
    await assert.rejects(following, failure);
    assert.deepEqual(failures, []);
    assert.equal(fake.requests.length, 1);
  });
});

function pathOf(context: unknown): string {
  return (context as X509Context).defaultSvid.id.path;
}
