// Many open streams, each on a connection of its own, while the agent and then the server is killed and starts again.
import assert from 'node:assert/strict';
import { credentials, Metadata } from '@grpc/grpc-js';
import { systemClock } from '@credence/sdk/runtime';
import { workloadApi } from '@credence/sdk/wire';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { residentMiB } from '../support/memory.js';
import { until } from '../support/until.js';

const long = process.env['CREDENCE_LONG'] === '1';
const count = long ? 5000 : 500;
const mostMiB = long ? 600 : 250;
const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_channelz': 0 };

/** A workload that opens its stream again, as clients do, until it is disposed of. */
class Stream implements Disposable {
  /** Messages that came. */
  messages = 0;
  endings = 0;
  readonly #client;
  readonly #stopped = new AbortController();

  constructor(socketPath: string) {
    this.#client = workloadApi.createClient(`unix:${socketPath}`, credentials.createInsecure(), options);
    this.#open();
  }

  #open(): void {
    const header = new Metadata();
    header.set('workload.spiffe.io', 'true');
    this.#client
      .FetchX509SVID({}, header)
      .on('data', () => this.messages++)
      .on('error', () => {
        this.endings++;
        const { signal } = this.#stopped;
        systemClock.sleep(200 + 10 * (this.endings % 50), { signal }).then(
          () => {
            this.#open();
          },
          () => undefined,
        );
      });
  }

  [Symbol.dispose](): void {
    this.#stopped.abort();
    this.#client.close();
  }
}

describe(`${count} open streams`, () => {
  let deployment: Deployment;
  let server: Child;
  let agent: Child;
  let streams: readonly Stream[];

  before(async function () {
    this.timeout(120_000);
    deployment = await Deployment.create();
    server = await deployment.startServer();
    await deployment.createEntry('/web');
    agent = await deployment.startAgent();
    streams = Array.from({ length: count }, () => new Stream(deployment.workloadSocket()));
    await allServed(0);
  });

  after(async () => {
    for (const stream of streams) stream[Symbol.dispose]();
    await deployment[Symbol.asyncDispose]();
  });

  /** Each has had a message since it had `since`. */
  async function allServed(since: number | readonly number[]): Promise<void> {
    const before = (index: number): number => (typeof since === 'number' ? since : (since[index] ?? 0));
    const waiting = (): number => streams.filter(({ messages }, index) => messages <= before(index)).length;
    await until('all streams to be served', () => waiting() === 0, 60);
  }

  const messages = (): readonly number[] => streams.map((stream) => stream.messages);

  it('are all served again within a minute after kill -9 of the agent, whose memory stays bounded', async () => {
    const before = messages();
    await agent.stop('SIGKILL');
    agent = await deployment.launchAgent({ token: false });
    await allServed(before);
    assert.ok(streams.every(({ endings }) => endings > 0));
    assert.ok(residentMiB(agent) < mostMiB, `${residentMiB(agent)} MiB`);
  }).timeout(90_000);

  it('stay open through kill -9 of the server, and have the next change within a minute', async () => {
    const before = messages();
    const endings = streams.map((stream) => stream.endings);
    await server.stop('SIGKILL');
    await deployment.startServer();
    await deployment.createEntry('/more');
    await allServed(before);
    assert.deepEqual(
      streams.map((stream) => stream.endings),
      endings,
    );
    assert.ok(residentMiB(agent) < mostMiB, `${residentMiB(agent)} MiB`);
  }).timeout(90_000);
});
