// No room on the server's disk: what cannot be stored is refused, what is known is served and signed, and it is over as
// soon as there is room.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Admin, verifyBy } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';

const root = process.geteuid?.() === 0;

describe('a server whose disk is full', () => {
  let deployment: Deployment;

  beforeEach(async () => {
    deployment = await Deployment.create();
  });

  afterEach(() => deployment[Symbol.asyncDispose]());

  const web = ['entry', 'create', '-spiffeID', 'spiffe://example.org/late', '-parentID', 'spiffe://example.org/agent'];
  const create = (): ReturnType<Deployment['server']> => deployment.server(...web, '-selector', 'unix:uid:1');

  /** While there is no room. */
  async function refusesAndServes(server: Child): Promise<void> {
    using admin = new Admin(deployment.adminSocket);
    const { code, stdout, stderr } = await create();
    assert.equal(code, 1, stdout);
    assert.match(stderr, /datastore failure: nothing can be written; free space/);
    await until('the log to say why', () => /disk|full|too large|I\/O/i.test(server.stdout));
    await assert.rejects(admin.generateToken(), /datastore failure/);
    assert.deepEqual(
      (await admin.listEntries()).map(({ spiffe_id: id }) => id?.path),
      ['/web'],
    );
    verifyBy(await admin.authorities(), await admin.mint('/minted'));
    assert.equal((await deployment.server('healthcheck')).code, 0);
  }

  async function recovers(server: Child): Promise<void> {
    const { code, stderr } = await create();
    assert.equal(code, 0, stderr);
    // What was answered is on the disk.
    await server.stop('SIGKILL');
  }

  async function holdsBoth(): Promise<void> {
    using admin = new Admin(deployment.adminSocket);
    assert.deepEqual((await admin.listEntries()).map(({ spiffe_id: id }) => id?.path).sort(), ['/late', '/web']);
  }

  it('refuses, serves on and recovers, when its files may not grow', async () => {
    const server = await deployment.startServer();
    await deployment.createEntry('/web');
    const limit = (bytes: string): Promise<unknown> =>
      promisify(execFile)('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:`]);
    const { size } = await stat(join(deployment.serverDataDir, 'datastore.sqlite3-wal'));
    await limit(String(size));
    await refusesAndServes(server);
    await limit('unlimited');
    await recovers(server);
    await deployment.startServer();
    await holdsBoth();
  }).timeout(30_000);

  if (root) {
    it('refuses, serves on and recovers, when its file system has no room', async () => {
      const data = deployment.serverDataDir;
      const shell = `mkdir -p ${data} && mount -t tmpfs -o size=1m,mode=700 tmpfs ${data}`;
      const server = await deployment.startServer({ shell, privateMounts: true });
      await deployment.createEntry('/web');
      const filler = `/proc/${server.pid}/root${data}/filler`;
      await assert.rejects(writeFile(filler, Buffer.alloc(2 ** 20)), { code: 'ENOSPC' });
      await refusesAndServes(server);
      await rm(filler);
      const { code, stderr } = await create();
      assert.equal(code, 0, stderr);
      await holdsBoth();
    }).timeout(30_000);
  }
});
