import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { constants, createServer as createHttp2Server } from 'node:http2';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { WorkloadApiClient, type X509Context } from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { until } from '../support/until.js';

describe('the connection to the Workload API', () => {
  let fake: FakeWorkloadApi;
  let ca: TestCa;
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  /** The port of a server that gives each connection to `accept`. */
  async function listen(accept: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      accept(socket);
    });
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  }

  function forward(socket: Socket): void {
    const target = connect(fake.address.slice('unix://'.length)).on('error', () => undefined);
    sockets.add(target);
    socket.pipe(target).pipe(socket);
  }

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
    await fake[Symbol.asyncDispose]();
  });

  for (const variable of ['http_proxy', 'https_proxy', 'grpc_proxy']) {
    it(`goes to the address and to nobody else, whatever ${variable} says (Workload Endpoint §4)`, async () => {
      let proxied = 0;
      const proxy = await listen((socket) => {
        proxied++;
        socket.destroy();
      });
      const endpoint = await listen(forward);
      const before = process.env[variable];
      process.env[variable] = `http://127.0.0.1:${proxy}`;
      try {
        await using client = new WorkloadApiClient({ address: `tcp://127.0.0.1:${endpoint}` });
        assert.equal((await client.fetchX509Svid()).id.path, '/a');
        assert.equal(proxied, 0);
      } finally {
        if (before === undefined) Reflect.deleteProperty(process.env, variable);
        else process.env[variable] = before;
      }
    });
  }

  it('is made anew for a single call whose connection was reset, as Node does after many quick calls', async () => {
    const resetting = createHttp2Server().on('stream', ({ session }) => {
      session?.goaway(constants.NGHTTP2_INTERNAL_ERROR, 2 ** 31 - 1);
    });
    let connections = 0;
    const endpoint = await listen((socket) => {
      if (++connections === 1) resetting.emit('connection', socket);
      else forward(socket);
    });
    await using client = new WorkloadApiClient({ address: `tcp://127.0.0.1:${endpoint}` });
    assert.equal((await client.fetchX509Svid()).id.path, '/a');
    assert.equal(connections, 2);
  });

  it('is made anew once only: an agent that answers INTERNAL is asked twice', async () => {
    fake.fail(status.INTERNAL);
    await using client = new WorkloadApiClient({ address: fake.address });
    await assert.rejects(client.fetchX509Svid(), { code: 'ERR_SPIFFE_WORKLOAD_API', message: /INTERNAL/ });
    assert.equal(fake.requests.length, 2);
  });

  it('leaves no listener on the signal of its client when it closes', async () => {
    const { signal } = new AbortController();
    const client = new WorkloadApiClient({ address: fake.address, signal });
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    await client.close();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('leaves no connection behind, however early it closes', async () => {
    const open = new Set<Socket>();
    const port = await listen((socket) => {
      open.add(socket.once('close', () => open.delete(socket)));
      forward(socket);
    });
    for (let turns = 0; turns < 30; turns++) {
      const client = new WorkloadApiClient({ address: `tcp://127.0.0.1:${port}` });
      const fetched = client.fetchX509Svid().catch(() => undefined);
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await client.close();
      await fetched;
    }
    await using last = new WorkloadApiClient({ address: `tcp://127.0.0.1:${port}` });
    await last.fetchX509Svid();
    await until('the others to close', () => open.size === 1, 3);
  });

  it('is made anew after a call that ran out of time, and a watch on the old one goes on', async () => {
    await using client = new WorkloadApiClient({ address: fake.address });
    const updates = client.watchX509Context();
    await updates.next();
    fake.stall();
    await assert.rejects(client.fetchX509Bundles({ timeoutMs: 50 }), { message: /50 ms/ });
    fake.setX509([await ca.x509Svid('/b')], [ca.bundle()]);
    assert.equal(((await updates.next()).value as X509Context).defaultSvid.id.path, '/b');
    assert.ok((await client.fetchX509Bundles()).has(ca.trustDomain));
    assert.equal(fake.connections, 2);
    assert.equal(fake.requests.filter(({ method }) => method === 'FetchX509SVID').length, 1);
    await updates.return();
  });

  it('leaves no listener on the signal of a call or a watch, however they end', async () => {
    const { signal } = new AbortController();
    await using client = new WorkloadApiClient({ address: fake.address });
    await client.fetchX509Svid({ signal, timeoutMs: 10_000 });
    await assert.rejects(client.fetchJwtSvid({ audience: 'x' }, { signal }), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    const updates = client.watchX509Context({ signal });
    await updates.next();
    await updates.return();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('keeps no process alive with ref: false, but for the time until there is an identity', async () => {
    fake.fail(status.PERMISSION_DENIED);
    const script = `
      import { X509Source } from '@credence/sdk';
      const source = await X509Source.create({ address: process.argv[1], ref: false });
      console.log(String(source.getX509Svid().id));`;
    const running = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, fake.address], {
      cwd: import.meta.dirname,
      timeout: 20_000,
    });
    await until('the first call', () => fake.requests.length > 0);
    fake.setX509([await ca.x509Svid('/late')], [ca.bundle()]);
    assert.equal((await running).stdout, 'spiffe://example.org/late\n');
  });
});
