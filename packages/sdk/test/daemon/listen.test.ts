import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { listen, listenOnSocket, trackSockets } from '@credence/sdk/daemon';
import { silentLogger } from '@credence/sdk/runtime';
import { temporaryDirectory } from '../support/temporary-directory.js';

const log = silentLogger;
const loopback = { host: '127.0.0.1', port: 0 };

describe('a listener', () => {
  let server: Server;

  beforeEach(() => (server = createServer()));
  afterEach(() => server.close());

  it('has a socket and a folder of exactly the modes asked', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'admin/api.sock');
    await listenOnSocket(server, { log, path, directoryMode: 0o750, socketMode: 0o770 });
    assert.equal((await stat(path)).mode & 0o7777, 0o770);
    assert.equal((await stat(join(folder.path, 'admin'))).mode & 0o7777, 0o750);
  });

  it('says that its port is taken', async () => {
    await listen(server, loopback, log);
    const { port } = server.address() as AddressInfo;
    await assert.rejects(listen(createServer(), { ...loopback, port }, log), {
      code: 'ERR_IN_USE',
      message: `127.0.0.1:${port} is in use by another process`,
    });
  });

  it('says why it cannot listen', async () => {
    await assert.rejects(listen(server, { host: '192.0.2.1', port: 0 }, log), {
      code: 'ERR_CONFIG',
      message: /^cannot listen on 192\.0\.2\.1:0: /,
    });
  });

  it('logs a connection that it could not accept, and goes on', async () => {
    const failures: object[] = [];
    await listen(server, loopback, { ...log, error: (fields) => failures.push(fields) });
    const error = new Error('accept EMFILE');
    server.emit('error', error);
    assert.deepEqual(failures, [{ err: error, ...loopback }]);
  });

  it('knows its open sockets', async () => {
    const sockets = trackSockets(server);
    await listen(server, loopback, log);
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(server, 'connection');
    const [accepted] = sockets;
    assert.equal(sockets.size, 1);
    client.destroy();
    await once(accepted!.resume(), 'close');
    assert.equal(sockets.size, 0);
  });
});
