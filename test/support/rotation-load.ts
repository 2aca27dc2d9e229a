// A service whose agent rotates its SVID every 100 ms while 50 connections a second are made to it, in a process of its
// own (`node --expose-gc`), and what that did to the process.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { authorizeMemberOf, X509Source, type X509Bundle } from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { createHttpsServer, peerOf, SpiffeAgent } from '@credence/sdk/tls';

export interface LoadReport {
  readonly updates: number;
  readonly calls: number;
  readonly failures: readonly string[];
  /** Connections that showed an identity older than the newest one known when they were begun. */
  readonly stale: readonly string[];
  /** Bytes of heap after a collection, once warm and at the end. */
  readonly heap: readonly [warm: number, end: number];
  /** What keeps the process busy, once warm and at the end. */
  readonly resources: readonly [warm: Readonly<Record<string, number>>, end: Readonly<Record<string, number>>];
}

const self = fileURLToPath(import.meta.url);
const warmUpSeconds = 4;
const rotateEveryMs = 100;
const connectEveryMs = 20;

/** Runs the load for so long, after a time to get warm. */
export async function rotationLoad(seconds: number): Promise<LoadReport> {
  const child = fork(self, ['load', String(seconds)], { execArgv: ['--expose-gc'] });
  try {
    const [report] = (await once(child, 'message')) as [LoadReport];
    return report;
  } finally {
    child.kill('SIGKILL');
  }
}

class Load {
  readonly #ca: TestCa;
  readonly #foreign: readonly X509Bundle[];
  readonly #fake: FakeWorkloadApi;
  readonly #over = new AbortController();
  readonly #calls = new Set<Promise<void>>();
  readonly failures: string[] = [];
  readonly stale: string[] = [];
  updates = 0;
  calls = 0;

  private constructor(ca: TestCa, foreign: TestCa, fake: FakeWorkloadApi) {
    this.#ca = ca;
    this.#foreign = [foreign.bundle()];
    this.#fake = fake;
  }

  static async create(): Promise<Load> {
    return new Load(
      await TestCa.create('example.org'),
      await TestCa.create('other.test'),
      await FakeWorkloadApi.start(),
    );
  }

  async run(seconds: number): Promise<LoadReport> {
    await this.#rotate();
    await using server = await X509Source.create({ address: this.#fake.address });
    await using client = await X509Source.create({ address: this.#fake.address });
    const listener = createHttpsServer(optionsOf(server), (incoming, response) => {
      response.end(peerOf(incoming)?.id.path);
    });
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const agent = new SpiffeAgent(optionsOf(client), { keepAlive: false });
    const { port } = listener.address() as AddressInfo;
    const rotating = this.#every(rotateEveryMs, () => this.#rotate());
    const calling = this.#every(connectEveryMs, () => {
      this.#begin(this.#call({ agent, port, server, client }));
    });
    await sleep(warmUpSeconds * 1000);
    const warm = await measure();
    await sleep(seconds * 1000);
    const end = await measure();
    this.#over.abort();
    await Promise.all([rotating, calling, ...this.#calls]);
    agent.destroy();
    await new Promise((resolve) => listener.close(resolve));
    await this.#fake[Symbol.asyncDispose]();
    const { updates, calls, failures, stale } = this;
    return { updates, calls, failures, stale, heap: [warm.heap, end.heap], resources: [warm.resources, end.resources] };
  }

  // Every fifth update changes the bundles too.
  async #rotate(): Promise<void> {
    const svid = await this.#ca.x509Svid(`/v${++this.updates}`);
    this.#fake.setX509([svid], [this.#ca.bundle(), ...(this.updates % 10 < 5 ? this.#foreign : [])]);
  }

  async #every(ms: number, work: () => void | Promise<void>): Promise<void> {
    for (let due = performance.now(); !this.#over.signal.aborted; due += ms) {
      await work();
      await sleep(Math.max(0, due + ms - performance.now()));
    }
  }

  #begin(call: Promise<void>): void {
    this.#calls.add(call);
    void call.finally(() => this.#calls.delete(call));
  }

  async #call({ agent, port, server, client }: Called): Promise<void> {
    this.calls++;
    const known = { server: versionOf(server), client: versionOf(client) };
    try {
      const { serverPath, body } = await get(agent, port);
      if (version(serverPath) < known.server) this.stale.push(`server ${serverPath}, known was v${known.server}`);
      if (version(body) < known.client) this.stale.push(`client ${body}, known was v${known.client}`);
    } catch (error) {
      this.failures.push(String(error));
    }
  }
}

interface Called {
  readonly agent: SpiffeAgent;
  readonly port: number;
  readonly server: X509Source;
  readonly client: X509Source;
}

function optionsOf(source: X509Source) {
  return { svid: source, bundles: source, authorize: authorizeMemberOf('example.org') };
}

function versionOf(source: X509Source): number {
  return version(source.getX509Svid().id.path);
}

function version(path: string): number {
  return Number(path.slice('/v'.length));
}

function get(agent: SpiffeAgent, port: number): Promise<{ readonly serverPath: string; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, agent, timeout: 10_000 }, (response) => {
      const serverPath = peerOf(response)?.id.path ?? 'nobody';
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        resolve({ serverPath, body: Buffer.concat(chunks).toString() });
      });
    });
    call
      .on('timeout', () => call.destroy(new Error('no answer in 10 s')))
      .on('error', reject)
      .end();
  });
}

async function measure(): Promise<{ heap: number; resources: Record<string, number> }> {
  // What is collected late: one turn for the finalizers of each collection.
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await sleep(20);
  }
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { heap: process.memoryUsage().heapUsed, resources };
}

if (process.argv[1] === self && process.argv[2] === 'load') {
  const load = await Load.create();
  process.send?.(await load.run(Number(process.argv[3])));
}
