import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { isSpiffeError } from '@credence/sdk';
import {
  closeFd,
  descriptorOf,
  isProcessAlive,
  openPeerPidfd,
  openPidfd,
  readPeerCredentials,
} from '@credence/sdk/daemon';
import { temporaryDirectory } from '../support/temporary-directory.js';

interface Connection extends AsyncDisposable {
  readonly fd: number;
  readonly client: ChildProcess;
}

// A client process of its own, connected to a socket of this one.
async function connect(path: string, ids: { uid?: number; gid?: number } = {}): Promise<Connection> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const script = 'require("node:net").connect(process.argv[1]).on("error", () => {}); setInterval(() => {}, 1000)';
  const client = spawn(process.execPath, ['-e', script, path], { stdio: 'ignore', ...ids });
  const [socket] = await connected;
  socket.on('error', () => undefined).resume();
  return { fd: descriptorOf(socket), client, [Symbol.asyncDispose]: () => close(server, socket, client) };
}

async function close(server: Server, socket: Socket, client: ChildProcess): Promise<void> {
  await kill(client);
  socket.destroy();
  server.close();
  await once(server, 'close');
}

async function kill(client: ChildProcess): Promise<void> {
  if (client.exitCode !== null || client.signalCode !== null) return;
  client.kill('SIGKILL');
  await once(client, 'exit');
}

function isUnknownPeer(error: unknown): boolean {
  return isSpiffeError(error, 'ERR_PEER_CREDENTIALS');
}

describe('peer credentials', () => {
  it('names the process that connected, its user and its group', async () => {
    await using folder = await temporaryDirectory();
    await using connection = await connect(join(folder.path, 's'));
    assert.deepEqual(readPeerCredentials(connection.fd), {
      pid: connection.client.pid,
      uid: process.geteuid?.(),
      gid: process.getegid?.(),
    });
  });

  it('gives a pidfd that lives as long as the process', async () => {
    await using folder = await temporaryDirectory();
    await using connection = await connect(join(folder.path, 's'));
    const pidfd = openPeerPidfd(connection.fd, readPeerCredentials(connection.fd).pid);
    try {
      assert.equal(isProcessAlive(pidfd), true);
      await kill(connection.client);
      assert.equal(isProcessAlive(pidfd), false);
    } finally {
      closeFd(pidfd);
    }
  });

  it('names a process that is dead by no living pidfd', async () => {
    await using folder = await temporaryDirectory();
    await using connection = await connect(join(folder.path, 's'));
    const { pid } = readPeerCredentials(connection.fd);
    await kill(connection.client);
    let pidfd: number;
    try {
      pidfd = openPeerPidfd(connection.fd, pid);
    } catch (error) {
      assert.ok(isUnknownPeer(error));
      return;
    }
    assert.equal(isProcessAlive(pidfd), false);
    closeFd(pidfd);
  });

  it('refuses a descriptor that is no Unix socket', async () => {
    await using folder = await temporaryDirectory();
    await using file = await open(join(folder.path, 'file'), 'w');
    assert.throws(() => readPeerCredentials(file.fd), isUnknownPeer);
    assert.throws(() => openPeerPidfd(file.fd, process.pid), isUnknownPeer);
    assert.throws(() => readPeerCredentials(-1), isUnknownPeer);
  });

  for (const pid of [0, -1, 1.5, Number.NaN]) {
    it(`refuses the pid ${pid}`, async () => {
      await using folder = await temporaryDirectory();
      await using connection = await connect(join(folder.path, 's'));
      assert.throws(() => openPeerPidfd(connection.fd, pid), isUnknownPeer);
    });
  }

  it('takes no process for dead because of a signal to this one', async () => {
    const pidfd = openPidfd(process.pid);
    let signals = 0;
    const count = (): void => {
      signals++;
    };
    process.on('SIGUSR2', count);
    const sender = spawn('sh', ['-c', `while kill -USR2 ${process.pid}; do :; done`], { stdio: 'ignore' });
    try {
      for (const deadline = performance.now() + 10_000; signals < 200 && performance.now() < deadline;) {
        for (let i = 0; i < 500; i++) assert.equal(isProcessAlive(pidfd), true);
        await new Promise(setImmediate);
      }
      assert.ok(signals >= 200, `${signals} signals came`);
    } finally {
      await kill(sender);
      process.off('SIGUSR2', count);
      closeFd(pidfd);
    }
  });

  it('takes what is no pidfd for no living process', () => {
    assert.equal(isProcessAlive(-1), false);
    assert.equal(isProcessAlive(1_000_000), false);
  });

  if (process.geteuid?.() === 0) {
    it('sees another user (as root, who can become one)', async () => {
      await using folder = await temporaryDirectory();
      const { chmod } = await import('node:fs/promises');
      await chmod(folder.path, 0o755);
      const before = process.umask(0);
      try {
        await using connection = await connect(join(folder.path, 's'), { uid: 65534, gid: 65534 });
        assert.equal(readPeerCredentials(connection.fd).uid, 65534);
      } finally {
        process.umask(before);
      }
    });
  }
});
