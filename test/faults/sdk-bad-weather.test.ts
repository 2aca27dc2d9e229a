// What a program with the SDK goes through when its agent restarts, hangs, sends garbage or never stops rotating.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { authorizeMemberOf, JwtSource, WorkloadApiClient, X509Source } from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { connect, createServer, peerOf } from '@credence/sdk/tls';
import { FakeAgentProcess } from '../support/fake-agent-process.js';
import { rotationLoad } from '../support/rotation-load.js';
import { seeded } from '../support/seeded.js';
import { until } from '../support/until.js';

const loadSeconds = process.env['CREDENCE_LONG'] === '1' ? 60 : 10;
const megabyte = 2 ** 20;

describe('a program whose agent', () => {
  let ca: TestCa;
  let fake: FakeWorkloadApi;

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    fake.setX509([await ca.x509Svid('/first')], [ca.bundle()]);
  });
  afterEach(() => fake[Symbol.asyncDispose]());

  it('rotates every 100 ms under 50 connections a second: no failed call, no stale identity, nothing leaks', async () => {
    const { updates, calls, failures, stale, heap, resources } = await rotationLoad(loadSeconds);
    assert.deepEqual(failures, []);
    assert.deepEqual(stale, []);
    assert.ok(updates > 5 * loadSeconds && calls > 10 * loadSeconds, `${updates} updates, ${calls} calls`);
    // TLS remembers the last 1000 peers that it verified, some 10 kB each.
    const growth = heap[1] - heap[0] - 10_000 * Math.min(1000, updates);
    assert.ok(growth < 3 * megabyte, `the heap grew from ${heap[0]} to ${heap[1]} bytes`);
    // Calls are under way at both times.
    assert.ok(total(resources[1]) - total(resources[0]) < 30, JSON.stringify(resources));
  }).timeout((loadSeconds + 60) * 1000);

  it('restarts again and again keeps making connections, and has the new identity when it is back', async () => {
    await using source = await X509Source.create({ address: fake.address });
    const options = { svid: source, bundles: source, authorize: authorizeMemberOf('example.org') };
    const server = await listening(createServer(options));
    try {
      for (let restart = 1; restart <= 5; restart++) {
        await fake.stop();
        await connectOnce(server, options);
        fake.setX509([await ca.x509Svid(`/restart${restart}`)], [ca.bundle()]);
        await fake.resume();
        await connectOnce(server, options);
        await until('the new identity', () => source.getX509Svid().id.path === `/restart${restart}`);
        assert.equal(await connectOnce(server, options), `/restart${restart}`);
      }
      assert.equal(source.healthy, true);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('hangs keeps its identity, knows that it is not healthy, and follows when the agent goes on', async () => {
    await using agent = await FakeAgentProcess.start('/first');
    await using source = await X509Source.create({ address: agent.address, keepaliveMs: 200 });
    agent.hang();
    await until('the silence to be noticed', () => !source.healthy);
    assert.equal(source.getX509Svid().id.path, '/first');
    agent.serve('/second');
    agent.goOn();
    await until('the new identity', () => source.getX509Svid().id.path === '/second', 45);
    assert.equal(source.healthy, true);
  }).timeout(60_000);

  it('hangs is told so in time, whatever it asks', async () => {
    await using agent = await FakeAgentProcess.start('/first');
    await using client = new WorkloadApiClient({ address: agent.address });
    assert.equal((await client.fetchX509Svid({ timeoutMs: 10_000 })).id.path, '/first');
    agent.hang();
    const late = { code: 'ERR_SPIFFE_WORKLOAD_API', message: /300 ms/ };
    const { address } = agent;
    const timeoutMs = 300;
    await assert.rejects(client.fetchX509Context({ timeoutMs }), late);
    await assert.rejects(client.fetchX509Bundles({ timeoutMs }), late);
    await assert.rejects(client.fetchJwtSvid({ audience: 'a' }, { timeoutMs }), late);
    await assert.rejects(client.fetchJwtBundles({ timeoutMs }), late);
    await assert.rejects(client.validateJwtSvid('x', 'a', { timeoutMs }), late);
    await assert.rejects(X509Source.create({ address, timeoutMs }), late);
    await assert.rejects(JwtSource.create({ address, timeoutMs }), late);
  });

  it('sends garbage keeps its identity, does not call in a tight loop, and follows when the agent is well', () =>
    seeded(async (random) => {
      await using source = await X509Source.create({ address: fake.address, keepaliveMs: 500 });
      const garbage: (() => void)[] = [
        () => {
          fake.sendRaw(randomBytes(1 + random.below(64)));
        },
        () => {
          fake.setX509Response(randomBytes(random.below(2000)));
        },
        () => {
          fake.setX509Response({ svids: [{ spiffe_id: 'spiffe://example.org/evil', bundle: randomBytes(20) }] });
        },
        () => {
          fake.setX509Response({});
        },
        () => {
          fake.dropConnections();
        },
      ];
      const before = fake.requests.length;
      const startedMs = performance.now();
      for (let round = 0; round < 40; round++) {
        random.pick(garbage)();
        await new Promise((resolve) => setImmediate(resolve));
        assert.equal(source.getX509Svid().id.path, '/first');
      }
      await until('a second of garbage', () => performance.now() - startedMs > 1000);
      // Waits of 160 ms at least, doubling.
      assert.ok(fake.requests.length - before < 10, `${fake.requests.length - before} calls`);
      fake.setX509([await ca.x509Svid('/well')], [ca.bundle()]);
      await until('the new identity', () => source.getX509Svid().id.path === '/well', 30);
      assert.equal(source.healthy, true);
    })).timeout(60_000);
});

function total(resources: Readonly<Record<string, number>>): number {
  return Object.values(resources).reduce((sum, count) => sum + count, 0);
}

async function listening(server: Server): Promise<Server> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** Connects, and says which identity the server showed. */
async function connectOnce(
  server: Server,
  options: { svid: X509Source; bundles: X509Source; authorize: ReturnType<typeof authorizeMemberOf> },
): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const socket = await connect({ ...options, host: '127.0.0.1', port });
  const shown = peerOf(socket)?.id.path;
  socket.destroy();
  return shown ?? 'nobody';
}
