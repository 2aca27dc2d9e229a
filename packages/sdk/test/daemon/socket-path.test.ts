import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { prepareSocketPath } from '../../dist/daemon/socket-path.js';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.js';

const holder = fileURLToPath(new URL('./socket-holder.js', import.meta.url));

describe('the path of a socket', () => {
  let directory: TemporaryDirectory;
  let folder: string;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    folder = directory.path;
    path = join(folder, 'api.sock');
  });

  afterEach(() => directory[Symbol.asyncDispose]());

  it('may be free', async () => {
    await prepareSocketPath(path, 0o755);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is cleared of the socket of a process that was killed', async () => {
    const child = fork(holder, [path]);
    await once(child, 'message');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    assert.deepEqual(await readdir(folder), ['api.sock']);
    await prepareSocketPath(path, 0o755);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is refused with ERR_IN_USE while somebody listens, and left alone', async () => {
    const server = createServer().listen(path);
    await once(server, 'listening');
    await assert.rejects(prepareSocketPath(path, 0o755), { code: 'ERR_IN_USE' });
    assert.deepEqual(await readdir(folder), ['api.sock']);
    server.close();
  });

  it('is refused when it names a file, and left alone', async () => {
    await writeFile(path, 'precious');
    await assert.rejects(prepareSocketPath(path, 0o755), {
      code: 'ERR_CONFIG',
      message: /api\.sock exists and is not a socket/,
    });
    assert.deepEqual(await readdir(folder), ['api.sock']);
  });

  it('holds 107 bytes and no more (unix(7))', async () => {
    const longest = join(folder, 'x'.repeat(107 - folder.length - 1));
    await prepareSocketPath(longest, 0o755);
    await assert.rejects(prepareSocketPath(`${longest}x`, 0o755), { code: 'ERR_CONFIG', message: /107 bytes/ });
  });
});
