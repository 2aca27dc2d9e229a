// go-spiffe's credentials for gRPC (grpc-go) at the other end of ours.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Server, status } from '@grpc/grpc-js';
import { authorizeAny, authorizeId, X509Source } from '@credence/sdk';
import {
  mtlsChannelCredentials,
  mtlsServerCredentials,
  peerOfCall,
  serveGrpc,
  type GrpcCall,
} from '@credence/sdk/grpc';
import { healthApi } from '@credence/sdk/wire';
import { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';

const id = 'spiffe://example.org/web';
const other = 'spiffe://example.org/other';

describe('go-spiffe over gRPC', function () {
  let deployment: Deployment;
  let goPeer: string;
  let source: X509Source;
  const started: AsyncDisposable[] = [];

  before(async function () {
    goPeer = program(this, 'go-peer');
    deployment = await Deployment.create();
    started.unshift(deployment);
    await deployment.startServer();
    await deployment.startAgent();
    await deployment.createEntry('/web');
    source = await X509Source.create({ address: `unix://${deployment.workloadSocket()}`, timeoutMs: 15_000 });
    started.unshift(source);
  });
  after(() => endOf(...started));

  const run = (...args: string[]): Child =>
    deployment.track(
      new Child(goPeer, args, {
        env: { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${deployment.workloadSocket()}` },
      }),
    );
  const createServer = () => {
    const callers: (string | undefined)[] = [];
    const server = new Server();
    const check = (called: GrpcCall, done: (error: null, answer: object) => void): void => {
      callers.push(peerOfCall(called)?.id.toString());
      done(null, { status: 'SERVING' });
    };
    server.addService(healthApi.definition, { Check: check });
    return { server, callers };
  };

  const roles = [
    {
      name: 'serveGrpc',
      start: async (server: Server, allowed: string) => {
        const authorize = authorizeId(allowed);
        const listener = serveGrpc(server, { svid: source, bundles: source, authorize }).listen(0, '127.0.0.1');
        await once(listener, 'listening');
        const stop = () => listener[Symbol.asyncDispose]();
        return { port: (listener.address() as AddressInfo).port, stop };
      },
    },
    {
      name: 'mtlsServerCredentials',
      start: async (server: Server, allowed: string) => {
        const credentials = mtlsServerCredentials({ svid: source, bundles: source, authorize: authorizeId(allowed) });
        const port = await new Promise<number>((resolve, reject) => {
          server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
            if (error === null) resolve(bound);
            else reject(error);
          });
        });
        const stop = (): Promise<void> => {
          server.forceShutdown();
          return Promise.resolve();
        };
        return { port, stop };
      },
    },
  ];
  for (const { name, start } of roles) {
    it(`is answered by ${name}, which knows it`, async () => {
      const { server, callers } = createServer();
      const { port, stop } = await start(server, id);
      const { code, stdout, stderr } = await run('grpc-call', `127.0.0.1:${port}`, id).finished;
      await stop();
      assert.equal(code, 0, stderr);
      assert.match(stdout, /"answer":"SERVING"/);
      assert.deepEqual(callers, [id]);
    });

    it(`is told PERMISSION_DENIED by ${name} when it is somebody else`, async () => {
      const { server, callers } = createServer();
      const { port, stop } = await start(server, other);
      const { code, stderr } = await run('grpc-call', `127.0.0.1:${port}`, id).finished;
      await stop();
      assert.equal(code, 1);
      assert.match(stderr, /PermissionDenied desc = spiffe:\/\/example\.org\/web is not allowed to call/);
      assert.deepEqual(callers, []);
    });
  }

  it('hangs up on serveGrpc when it expects somebody else', async () => {
    const { server, callers } = createServer();
    const { port, stop } = await roles[0]!.start(server, id);
    const { code, stderr } = await run('grpc-call', `127.0.0.1:${port}`, other).finished;
    await stop();
    assert.equal(code, 1);
    assert.match(stderr, /Unavailable/);
    assert.deepEqual(callers, []);
  });

  it('answers our channel, and knows it', async () => {
    const server = run('grpc-serve', id);
    const address = String((await until('go-spiffe to listen', () => server.reports[0]))['listening']);
    const ours = (authorize = authorizeAny()) =>
      healthApi.createClient(address, mtlsChannelCredentials({ svid: source, bundles: source, authorize }));
    const client = ours(authorizeId(id));
    assert.equal((await call(client, 'check', {})).status, 'SERVING');
    client.close();
    await until('the peer to be named', () => server.reports.some((report) => report['served'] === id));
    const refusing = ours(authorizeId(other));
    await assert.rejects(call(refusing, 'check', {}), { code: status.UNAVAILABLE, details: /is not authorized/ });
    refusing.close();
    await server.stop();
  });

  it('refuses our channel when we are somebody else', async () => {
    const server = run('grpc-serve', other);
    const address = String((await until('go-spiffe to listen', () => server.reports[0]))['listening']);
    const credentials = mtlsChannelCredentials({ svid: source, bundles: source, authorize: authorizeAny() });
    const client = healthApi.createClient(address, credentials);
    await assert.rejects(call(client, 'check', {}), { code: status.UNAVAILABLE });
    client.close();
    await server.stop();
  });
});
