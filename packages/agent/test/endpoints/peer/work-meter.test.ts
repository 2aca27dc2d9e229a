import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server as SocketServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { systemClock } from '@credence/sdk/runtime';
import { healthApi } from '@credence/sdk/wire';
import { workOfCall } from '../../../dist/endpoints/peer/limits.js';
import type { Peer } from '../../../dist/endpoints/peer/peer.js';
import { PeerRegistry } from '../../../dist/endpoints/peer/peer-registry.js';
import { Turns } from '../../../dist/endpoints/peer/turns.js';
import { meterWork } from '../../../dist/endpoints/peer/work-meter.js';
import { connectRaw, rawCall } from '../../support/raw-call.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

class CountingTurns extends Turns {
  work = 0;

  override count(_peer: Peer, work: number): void {
    this.work += work;
  }
}

describe('the work of a connection', () => {
  let folder: string;
  let server: Server;
  let listener: SocketServer;
  let peers: PeerRegistry;
  let turns: CountingTurns;
  let accepted: Socket | undefined;
  const socketPath = (): string => join(folder, 'socket');
  const check = '/grpc.health.v1.Health/Check';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-'));
    server = new Server({ 'grpc.enable_channelz': 0 });
    server.addService(healthApi.definition, {
      Check: (_call: unknown, answer: (error: null, value: object) => void) => {
        answer(null, {});
      },
    });
    peers = new PeerRegistry({ procPath: '/proc', connectionLimit: 100 });
    turns = new CountingTurns(systemClock, peers);
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    meterWork(server, peers, turns);
    listener = createServer((socket) => {
      accepted = socket;
      peers.admit(socket);
      injector.injectConnection(socket);
    }).listen(socketPath());
    await once(listener, 'listening');
  });

  afterEach(async () => {
    accepted?.destroy();
    listener.close();
    server.forceShutdown();
    await rm(folder, { recursive: true });
  });

  async function workOf(act: (session: ReturnType<typeof connectRaw>) => Promise<unknown>): Promise<number> {
    const session = connectRaw(socketPath());
    await once(session, 'remoteSettings');
    await until('the SETTINGS of the client', () => turns.work > workOfCall);
    const before = turns.work;
    await act(session);
    session.destroy();
    return turns.work - before;
  }

  it('is that of its beginning, before it has said anything', async () => {
    const client = connect(socketPath());
    await until('the connection', () => turns.work === workOfCall);
    client.destroy();
  });

  it('is that of its calls', async () => {
    assert.equal(await workOf((session) => rawCall(session, check, {})), workOfCall + 1);
  });

  it('is that of each piece in which a request comes', async () => {
    const work = await workOf(async (session) => {
      const names = { ':method': 'POST', ':path': check, 'content-type': 'application/grpc', te: 'trailers' };
      const stream = session.request(names);
      for (let i = 0; i < 4; i++) {
        stream.write(Buffer.alloc(1));
        // What was written before has come by then.
        await new Promise((resolve) => session.ping(resolve));
      }
      stream.end(Buffer.alloc(1)).resume();
      await once(stream, 'close');
    });
    const [pieces, pings] = [5, 4];
    assert.equal(work, workOfCall + pieces + pings);
  });

  it('is that of calls which gRPC refuses itself, too', async () => {
    const work = await workOf((session) => rawCall(session, check, { 'content-type': 'text/plain' }));
    assert.equal(work, workOfCall);
  });

  it('is that of frames without a call, too', async () => {
    const work = await workOf(async (session) => {
      await new Promise((resolve) => session.ping(resolve));
      session.settings({ initialWindowSize: 70_000 });
      await once(session, 'localSettings');
    });
    assert.equal(work, 2);
  });

  it('can be counted only where a server takes connections', () => {
    assert.throws(() => {
      meterWork(new Server(), peers, turns);
    }, /shows no HTTP\/2 server/);
  });
});
