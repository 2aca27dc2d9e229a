import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { call, TestServer } from '../support/test-server.js';

describe('the admin socket', () => {
  let folder: string;
  let socketPath: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-admin-'));
    socketPath = join(folder, 'admin', 'api.sock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('has mode 0770 in a folder that others cannot enter', async () => {
    await using server = await TestServer.start({ socketPath });
    assert.equal((await lstat(server.server.socketPath)).mode & 0o777, 0o770);
    assert.equal((await stat(dirname(socketPath))).mode & 0o7777, 0o750);
  });

  it('is gone after the server', async () => {
    await (await TestServer.start({ socketPath }))[Symbol.asyncDispose]();
    await assert.rejects(lstat(socketPath), { code: 'ENOENT' });
  });

  it('refuses to take the socket of a running server, which goes on', async () => {
    await using first = await TestServer.start({ socketPath });
    await assert.rejects(TestServer.start({ socketPath }), {
      code: 'ERR_IN_USE',
      message: `socket_path: another process listens on ${socketPath}; stop it or choose another path`,
    });
    assert.equal((await call(first.local.health, 'Check', {})).status, 'SERVING');
  });

  it('replaces a socket that nobody serves any more', async () => {
    await mkdir(dirname(socketPath), { mode: 0o750 });
    // Killed, so that nobody removes the socket.
    const script = `require('node:net').createServer().listen(${JSON.stringify(socketPath)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    assert.ok((await lstat(socketPath)).isSocket());
    await using server = await TestServer.start({ socketPath });
    assert.equal((await call(server.local.health, 'Check', {})).status, 'SERVING');
  });

  it('leaves a file alone that is no socket', async () => {
    await mkdir(dirname(socketPath), { mode: 0o750 });
    await writeFile(socketPath, 'mine');
    await assert.rejects(TestServer.start({ socketPath }), { code: 'ERR_CONFIG' });
    assert.ok((await lstat(socketPath)).isFile());
  });

  it('refuses a folder that somebody else could write to', async () => {
    await mkdir(dirname(socketPath));
    await chmod(dirname(socketPath), 0o777);
    await assert.rejects(TestServer.start({ socketPath }), { code: 'ERR_CONFIG' });
  });

  it('survives clients that speak no HTTP/2', async () => {
    await using server = await TestServer.start({ socketPath });
    for (const garbage of [
      'GET / HTTP/1.1\r\n\r\n',
      '\0'.repeat(1000),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff',
    ]) {
      const socket = connect(socketPath);
      socket.on('error', () => undefined);
      socket.end(garbage, 'latin1');
      socket.resume();
      await once(socket, 'close');
    }
    assert.equal((await call(server.local.health, 'Check', {})).status, 'SERVING');
  });
});

describe('a server whose port is taken', () => {
  it('says so, and leaves nothing behind', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const folder = await mkdtemp(join(tmpdir(), 'credence-admin-'));
    const socketPath = join(folder, 'admin', 'api.sock');
    try {
      await assert.rejects(TestServer.start({ socketPath, bindPort: port }), {
        code: 'ERR_IN_USE',
        message: `127.0.0.1:${port} is in use by another process`,
      });
      await assert.rejects(lstat(socketPath), { code: 'ENOENT' });
    } finally {
      taken.close();
      await rm(folder, { recursive: true });
    }
  });
});
