// Another process holds the lock of the server's database: what cannot be stored is refused in time, what is known is
// served and signed meanwhile, and it is over as soon as the lock is.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { Sqlite } from '../../packages/server/dist/datastore/sql/sqlite.js';
import { Admin, verifyBy } from '../support/admin.js';
import { Deployment } from '../support/deployment.js';

describe('a server whose database is locked', () => {
  let deployment: Deployment;
  let other: Database;

  beforeEach(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.createEntry('/web');
    other = new Sqlite(join(deployment.serverDataDir, 'datastore.sqlite3'));
  });

  afterEach(async () => {
    other.close();
    await deployment[Symbol.asyncDispose]();
  });

  const create = (): ReturnType<Deployment['server']> =>
    deployment.server(
      ...['entry', 'create', '-spiffeID', 'spiffe://example.org/late', '-parentID', 'spiffe://example.org/agent'],
      ...['-selector', 'unix:uid:1'],
    );
  const paths = async (admin: Admin): Promise<readonly (string | undefined)[]> =>
    (await admin.listEntries()).map(({ spiffe_id: id }) => id?.path).sort();

  it('waits a while for the lock', async () => {
    other.exec('begin immediate');
    using admin = new Admin(deployment.adminSocket);
    const token = admin.generateToken();
    // It is being waited for: what was asked later is answered.
    assert.deepEqual(await paths(admin), ['/web']);
    other.exec('rollback');
    assert.match(await token, /^[0-9a-f-]{36}$/);
  });

  it('refuses what has to be stored, serves and signs on meanwhile, and recovers by itself', async () => {
    using admin = new Admin(deployment.adminSocket);
    other.exec('begin immediate');
    const refused = create();
    const seen = { over: false, slowestMs: 0 };
    void refused.then(() => (seen.over = true));
    while (!seen.over) {
      const began = performance.now();
      assert.deepEqual(await paths(admin), ['/web']);
      verifyBy(await admin.authorities(), await admin.mint('/minted'));
      seen.slowestMs = Math.max(seen.slowestMs, performance.now() - began);
    }
    const { code, stdout, stderr } = await refused;
    assert.equal(code, 1, stdout);
    assert.match(stderr + stdout, /datastore failure: nothing can be written while another process holds/);
    // The lock is waited for for five seconds.
    assert.ok(seen.slowestMs < 3000, `${String(seen.slowestMs)} ms`);
    assert.equal((await deployment.server('healthcheck')).code, 0);

    other.exec('rollback');
    assert.equal((await create()).code, 0);
    assert.deepEqual(await paths(admin), ['/late', '/web']);
  }).timeout(30_000);
});
