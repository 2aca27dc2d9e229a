import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { clearSocketPath } from '../../../dist/endpoints/peer/socket-path.js';
import { temporaryFolder } from '../../support/endpoint.js';

const holder = fileURLToPath(new URL('../../support/socket-holder.js', import.meta.url));

describe('the path of a socket', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder, 'api.sock');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('may be free', async () => {
    await clearSocketPath(path);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is cleared of the socket of a process that was killed', async () => {
    const child = fork(holder, [path]);
    await once(child, 'message');
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    assert.deepEqual(await readdir(folder), ['api.sock']);
    await clearSocketPath(path);
    assert.deepEqual(await readdir(folder), []);
  });

  it('is refused with ERR_IN_USE while somebody listens, and left alone', async () => {
    const server = createServer().listen(path);
    await once(server, 'listening');
    await assert.rejects(clearSocketPath(path), { code: 'ERR_IN_USE' });
    assert.deepEqual(await readdir(folder), ['api.sock']);
    server.close();
  });

  it('is refused when it names a file, and left alone', async () => {
    await writeFile(path, 'precious');
    await assert.rejects(clearSocketPath(path), {
      code: 'ERR_CONFIG',
      message: /api\.sock exists and is not a socket/,
    });
    assert.deepEqual(await readdir(folder), ['api.sock']);
  });

  it('holds 107 bytes and no more (unix(7))', async () => {
    const longest = join(folder, 'x'.repeat(107 - folder.length - 1));
    await clearSocketPath(longest);
    await assert.rejects(clearSocketPath(`${longest}x`), { code: 'ERR_CONFIG', message: /107 bytes/ });
  });
});
