import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { status } from '@grpc/grpc-js';
import { silentLogger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { agentApi, bundleApi } from '@credence/sdk/wire';
import { Authorizer } from '../../../dist/api/authorizer.js';
import { Admissions } from '../../../dist/api/call.js';
import { Connections } from '../../../dist/api/connections.js';
import { Intake } from '../../../dist/api/interceptors/intake.js';
import { unobserved } from '../../../dist/api/observer.js';
import { InjectedServer, type ConnectionAge } from '../../../dist/api/listeners/injected-server.js';

const getBundle = '/spire.api.server.bundle.v1.Bundle/GetBundle';
const attestAgent = '/spire.api.server.agent.v1.Agent/AttestAgent';

describe('a gRPC server behind a listener', () => {
  let clock: ManualClock;
  let listener: Server;
  let session: ClientHttp2Session;

  async function start(age?: ConnectionAge): Promise<void> {
    clock = new ManualClock();
    const intake = new Intake({ clock, log: silentLogger, connectionBytes: 1e6, totalBytes: 1e6, renews: true });
    const connections = new Connections();
    const grpc = new InjectedServer({
      clock,
      connections,
      intake,
      log: silentLogger,
      observer: unobserved,
      admissions: new Admissions(),
      authorizer: new Authorizer({
        clock,
        adminIds: [],
        grants: { isAdmin: () => false, downstreamEntries: () => [] },
        agents: { get: () => Promise.resolve(undefined), promote: () => Promise.resolve() },
      }),
      services: [
        { definition: bundleApi.definition, handlers: {} },
        { definition: agentApi.definition, handlers: { AttestAgent: () => undefined } },
      ],
      limits: { maxMessageBytes: 1000, maxStreams: 10, ...(age && { age }) },
    });
    listener = createServer((socket) => {
      const token = connections.nextToken('remote');
      connections.open(socket, { kind: 'remote', token, address: '127.0.0.1', peer: undefined });
      intake.open(token, socket);
      grpc.inject(socket, 'user');
    });
    await once(listener.listen(0, '127.0.0.1'), 'listening');
    const { port } = listener.address() as AddressInfo;
    session = connect(`http://127.0.0.1:${String(port)}`);
    session.on('error', () => undefined);
  }

  afterEach(() => {
    session.destroy();
    listener.close();
  });

  /** A call whose client has sent only this. */
  function begin(path: string, sent: Buffer): ClientHttp2Stream {
    const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc' });
    stream.on('error', () => undefined);
    stream.write(sent);
    return stream;
  }

  const statusOf = async (stream: ClientHttp2Stream): Promise<string | undefined> => {
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    return headers['grpc-status'] as string | undefined;
  };

  const emptyMessage = Buffer.alloc(5);
  const requests = [
    { name: 'half of its message', path: getBundle, sent: Buffer.of(0, 0, 0, 0, 100, 1) },
    { name: 'its message, and not that it was all', path: getBundle, sent: emptyMessage },
    { name: 'half of the first message of its stream', path: attestAgent, sent: Buffer.of(0, 0, 0, 0, 100, 1) },
  ];
  for (const { name, path, sent } of requests) {
    it(`ends the call that has sent ${name} ten seconds after it began`, async () => {
      await start();
      const answered = statusOf(begin(path, sent));
      await clock.waitForSleepers(1);
      await clock.advance(10_000);
      assert.equal(await answered, String(status.DEADLINE_EXCEEDED));
    });
  }

  it('lets a stream take its time after its first message', async () => {
    await start();
    const stream = begin(attestAgent, emptyMessage);
    await clock.waitForSleepers(1);
    const other = statusOf(begin(getBundle, emptyMessage));
    await clock.advance(20_000);
    // By now both had been read.
    assert.equal(await other, String(status.DEADLINE_EXCEEDED));
    assert.equal(stream.closed, false);
  });

  it('ends a connection at its age and the grace, whatever still runs on it', async () => {
    await start({ maxMs: 100, graceMs: 100 });
    begin(attestAgent, emptyMessage);
    await Promise.all([once(session, 'goaway'), once(session, 'close')]);
  }).timeout(5000);
});
