// A network between agent and server that cuts, delays, refuses and forgets connections.
import assert from 'node:assert/strict';
import { Deployment } from '../support/deployment.js';
import { Proxy } from '../support/proxy.js';
import { seeded } from '../support/seeded.js';
import { until } from '../support/until.js';
import { watchingWorkload, type WatchingWorkload } from '../support/watching-workload.js';

describe('an agent behind a bad network', () => {
  let deployment: Deployment;
  let proxy: Proxy;
  let workload: WatchingWorkload;

  beforeEach(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    proxy = await Proxy.start(deployment.port);
    await deployment.createEntry('/first');
  });

  async function start(config = {}): Promise<void> {
    await deployment.launchAgent({ serverPort: proxy.port, config });
    workload = await watchingWorkload(deployment.workloadSocket());
  }

  afterEach(async () => {
    workload[Symbol.dispose]();
    await proxy[Symbol.asyncDispose]();
    await deployment[Symbol.asyncDispose]();
  });

  async function takesUpChanges(seconds?: number): Promise<void> {
    await deployment.createEntry('/second');
    await until('the second identity', () => workload.paths.join() === '/first,/second', seconds);
    assert.equal(workload.ending, undefined);
  }

  it('gets through when connections are cut again and again', () =>
    seeded(async (random) => {
      // An agent that asks all the time: one that waits for a ring gives nothing to cut.
      await start({ experimental: { sync_interval: '200ms', watch_changes: false } });
      for (let cuts = 0; cuts < 4; cuts++) {
        // Anywhere in the handshake or in a call. Some cuts gRPC does not notice: then the call ends by its time.
        const bytes = proxy.bytes + random.below(4000);
        await until('some bytes to pass', () => proxy.bytes >= bytes, 45);
        proxy.cut();
      }
      await takesUpChanges(45);
    })).timeout(120_000);

  it('gets through when everything comes late', async () => {
    await start();
    proxy.delayMs = 150;
    await takesUpChanges();
  });

  it('comes back when connections were refused for a while', async () => {
    await start();
    proxy.weather = 'refuse';
    proxy.cut();
    const refused = proxy.connections + 2;
    await until('attempts to be refused', () => proxy.connections >= refused);
    proxy.weather = 'fair';
    await takesUpChanges();
  });

  it('comes back when it hears no more of the server, which hears it', async () => {
    await start();
    proxy.deafen();
    await takesUpChanges(25);
  }).timeout(60_000);

  it('comes back when its connection is forgotten half open', async () => {
    await start();
    proxy.forget();
    await takesUpChanges(25);
  }).timeout(60_000);
});
