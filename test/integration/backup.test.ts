// A backup of a running server, and what is there after it was restored as docs/operations.md says.
import assert from 'node:assert/strict';
import { copyFile, readdir, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Sqlite } from '../../packages/server/dist/datastore/sql/sqlite.js';
import { Admin } from '../support/admin.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';

describe('credence-server backup', () => {
  let deployment: Deployment;
  let file: string;

  beforeEach(async () => {
    deployment = await Deployment.create();
    file = join(deployment.folder, 'backup.sqlite3');
  });

  afterEach(() => deployment[Symbol.asyncDispose]());

  const backUp = (...args: string[]): ReturnType<Deployment['runServer']> =>
    deployment.serverAlone('backup', ...args, '--data-dir', deployment.serverDataDir);

  const restore = async (from: string): Promise<void> => {
    const database = join(deployment.serverDataDir, 'datastore.sqlite3');
    for (const suffix of ['', '-wal', '-shm']) {
      await rename(database + suffix, `${database}.lost${suffix}`).catch(() => undefined);
    }
    await copyFile(from, database);
  };

  it('shows one moment of a server that writes on, and brings back CA, entries and agents', async () => {
    const server = await deployment.startServer();
    await deployment.startAgent();
    using admin = new Admin(deployment.adminSocket);
    const created: string[] = [];
    const writer = { stop: false };
    const writing = (async () => {
      while (!writer.stop) {
        const token = await admin.generateToken();
        created.push(token);
        await admin.createEntry(`/late-${String(created.length)}`);
      }
    })();
    await until('some entries', () => created.length > 5);
    const least = created.length - 1;
    const { code, stdout, stderr } = await backUp(file);
    assert.equal(code, 0, stderr);
    assert.equal(stdout, `Backup written to ${file}\n`);
    const most = created.length;
    await until('more entries', () => created.length > most + 5);
    writer.stop = true;
    await writing;
    const before = { authorities: await admin.authorities(), agents: await admin.agentIds() };
    const active = await deployment.admin('localauthority', 'x509', 'show');
    const jwtActive = await deployment.admin('localauthority', 'jwt', 'show');

    await server.stop();
    await restore(file);
    await deployment.startServer();
    using restored = new Admin(deployment.adminSocket);
    assert.deepEqual({ authorities: await restored.authorities(), agents: await restored.agentIds() }, before);
    assert.equal(before.agents.length, 1);
    assert.equal(await deployment.admin('localauthority', 'x509', 'show'), active);
    assert.equal(await deployment.admin('localauthority', 'jwt', 'show'), jwtActive);
    const numbers = (await restored.listEntries())
      .map(({ spiffe_id: id }) => /^\/late-(\d+)$/.exec(id?.path ?? '')?.[1])
      .filter((number) => number !== undefined)
      .map(Number)
      .sort((a, b) => a - b);
    // None is missing in between.
    assert.deepEqual(
      numbers,
      Array.from({ length: numbers.length }, (_, index) => index + 1),
    );
    assert.ok(numbers.length >= least && numbers.length <= most + 1, `${least} <= ${numbers.length} <= ${most}`);
    // The agent goes on without attesting again.
    const id = await deployment.createEntry('/after');
    await until('the agent to hold the new entry', async () => {
      const { stdout: fetched } = await deployment.agent(
        ...['api', 'fetch', 'x509', '--socket-path', deployment.workloadSocket()],
      );
      return id !== '' && fetched.includes('spiffe://example.org/after');
    });
  }).timeout(60_000);

  it('is one private file, and leaves no other behind', async () => {
    await deployment.startServer();
    assert.equal((await backUp(file)).code, 0);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(
      (await readdir(deployment.folder)).filter((name) => name.startsWith('backup')),
      ['backup.sqlite3'],
    );
  });

  it('works while no server runs', async () => {
    const server = await deployment.startServer();
    await deployment.createEntry('/web');
    await server.stop('SIGKILL');
    assert.equal((await backUp('--file', file)).code, 0);
    await restore(file);
    await deployment.startServer();
    using admin = new Admin(deployment.adminSocket);
    assert.equal((await admin.listEntries()).length, 1);
  });

  it('replaces nothing, and makes nothing of what is no datastore', async () => {
    const server = await deployment.startServer();
    assert.equal((await backUp(file)).code, 0);
    const taken = join(deployment.folder, 'taken');
    await writeFile(taken, 'precious');
    const refused = await backUp(taken);
    assert.deepEqual([refused.code, (await stat(taken)).size], [2, 8]);
    assert.match(refused.stderr, /taken is there already; a backup replaces nothing/);
    const missing = await deployment.serverAlone('backup');
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /FILE is required/);

    await server.stop();
    const database = join(deployment.serverDataDir, 'datastore.sqlite3');
    await truncate(database, 8192);
    const other = join(deployment.folder, 'other');
    const damaged = await backUp(other);
    assert.equal(damaged.code, 1);
    assert.match(damaged.stderr, /datastore\.sqlite3: .*restore it from a backup/);
    await assert.rejects(stat(other), { code: 'ENOENT' });
    const nothing = await deployment.serverAlone('backup', other, '--data-dir', join(deployment.folder, 'nowhere'));
    assert.equal(nothing.code, 1);
    assert.match(nothing.stderr, /nowhere\/datastore\.sqlite3/);
  });

  it('restores nothing of a newer server: ours refuses it, and leaves it as it is', async () => {
    const server = await deployment.startServer();
    assert.equal((await backUp(file)).code, 0);
    await server.stop();
    const newer = new Sqlite(file);
    newer.exec('insert into credence_migrations (version, applied_at) values (999, 0)');
    newer.close();
    await restore(file);
    const restored = join(deployment.serverDataDir, 'datastore.sqlite3');
    const before = await readFile(restored);
    const { code, stderr } = await (await deployment.launchServer()).finished;
    assert.equal(code, 1);
    assert.match(stderr, /its schema has version 999, .*; run the newer server, or restore a backup/);
    assert.ok((await readFile(restored)).equals(before));
  });

  it('restores nothing that is damaged: the server refuses it, and leaves it as it is', async () => {
    const server = await deployment.startServer();
    assert.equal((await backUp(file)).code, 0);
    await server.stop();
    await truncate(file, 12_288);
    await restore(file);
    const { code, stderr } = await (await deployment.launchServer()).finished;
    assert.equal(code, 1);
    assert.match(stderr, /datastore\.sqlite3: .*restore it from a backup/);
    assert.equal((await stat(join(deployment.serverDataDir, 'datastore.sqlite3'))).size, 12_288);
  });
});
