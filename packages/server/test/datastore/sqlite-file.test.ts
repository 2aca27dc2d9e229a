import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { Sqlite } from '../../dist/datastore/sql/sqlite.js';
import type { Datastore } from '../../dist/datastore/datastore.js';
import { openDatastore } from '../../dist/datastore/sql/open-datastore.js';
import { openSqliteEngine } from '../../dist/datastore/sql/sqlite-engine.js';
import { collect, id, newEntry, start, temporaryDirectory } from './fixtures.js';

const open = (path: string): Promise<Datastore> =>
  openDatastore({ path, clock: new ManualClock(start), log: silentLogger });

/** Runs `work` with the path of a closed database that holds the entry `web`. */
async function withClosedDatabase(work: (path: string) => Promise<void>): Promise<void> {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'datastore.sqlite3');
  const datastore = await open(path);
  await datastore.entries.create(newEntry());
  await datastore[Symbol.asyncDispose]();
  await work(path);
}

describe('SQLite file', () => {
  it('is one file after a clean close, and opens again with everything', () =>
    withClosedDatabase(async (path) => {
      assert.deepEqual(await readdir(join(path, '..')), ['datastore.sqlite3']);
      await using datastore = await open(path);
      assert.equal((await datastore.entries.get('web'))?.id, 'web');
    }));

  for (const umask of [0o000, 0o022, 0o777]) {
    it(`is created with mode 0600 under umask ${umask.toString(8)}, its companions too`, async () => {
      await using folder = await temporaryDirectory();
      const path = join(folder.path, 'datastore.sqlite3');
      const before = process.umask(umask);
      try {
        await using datastore = await open(path);
        await datastore.entries.create(newEntry());
        const modes = await modesIn(folder.path);
        assert.deepEqual(modes, { '': 0o600, '-shm': 0o600, '-wal': 0o600 });
      } finally {
        process.umask(before);
      }
    });
  }

  it('is made private when it was not', () =>
    withClosedDatabase(async (path) => {
      await chmod(path, 0o644);
      await using datastore = await open(path);
      await datastore.entries.delete('web');
      assert.deepEqual(await modesIn(join(path, '..')), { '': 0o600, '-shm': 0o600, '-wal': 0o600 });
    }));

  it('is opened with a synced write-ahead log and foreign keys', () =>
    withClosedDatabase(async (path) => {
      await using engine = await openSqliteEngine({ path, clock: systemClock });
      for (const [name, expected] of [
        ['journal_mode', 'wal'],
        ['synchronous', 2],
        ['foreign_keys', 1],
      ] as const) {
        const { rows } = await sql.raw<Record<string, unknown>>(`pragma ${name}`).execute(engine.writer);
        assert.equal(rows[0]?.[name], expected, name);
      }
    }));

  it('loses nothing that was acknowledged when the process is killed', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'datastore.sqlite3');
    const writer = spawn(process.execPath, [join(import.meta.dirname, 'writer-process.js'), path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(writer, 'exit');
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged.push(line);
      if (acknowledged.length === 300) writer.kill('SIGKILL');
    }
    assert.deepEqual(await exited, [null, 'SIGKILL']);
    await using datastore = await open(path);
    const stored = new Set((await collect(datastore.entries.all())).map((entry) => entry.id));
    assert.ok(acknowledged.length >= 300);
    assert.deepEqual(
      acknowledged.filter((entryId) => !stored.has(entryId)),
      [],
    );
    const changed = new Set((await datastore.changes.since(0, 1_000_000)).map(({ key }) => key));
    assert.deepEqual(changed, stored);
  });

  it('survives a full disk: the write fails, what was there stays, and writing goes on when there is room', async () => {
    await using folder = await temporaryDirectory();
    const engine = await openSqliteEngine({ path: join(folder.path, 'datastore.sqlite3'), clock: systemClock });
    await using datastore = await openDatastore({ engine, clock: new ManualClock(start), log: silentLogger });
    await datastore.entries.create(newEntry());
    await sql`pragma max_page_count = 1`.execute(engine.writer);
    const big = newEntry({ id: 'big', spiffeId: id('/big'), hint: 'x'.repeat(100_000) });
    await assert.rejects(datastore.entries.create(big), { code: 'ERR_DATASTORE_FULL', message: /full/ });
    assert.deepEqual(
      (await collect(datastore.entries.all())).map((entry) => entry.id),
      ['web'],
    );
    assert.equal(await datastore.changes.last(), 1);
    await sql`pragma max_page_count = 100000`.execute(engine.writer);
    assert.equal((await datastore.entries.create(big)).kind, 'created');
  });
});

describe('a SQLite file that must not be used', () => {
  const damages: { name: string; damage: (path: string) => Promise<void>; message: RegExp }[] = [
    { name: 'is empty', damage: (path) => truncate(path, 0), message: /the file is empty/ },
    { name: 'is cut short', damage: (path) => truncate(path, 8192), message: /malformed|damaged/ },
    { name: 'is not a database', damage: (path) => writeFile(path, 'x'.repeat(9000)), message: /not a database/ },
    { name: 'is overwritten in the middle', damage: overwriteMiddle, message: /malformed|damaged/ },
    {
      name: 'is of a newer server',
      damage: execute('insert into credence_migrations values (99, 0)'),
      message: /schema has version 99, and this server knows versions up to \d+/,
    },
    {
      name: 'names no version',
      damage: execute('delete from credence_migrations'),
      message: /names no version/,
    },
    {
      name: 'belongs to another program',
      damage: async (path) => {
        await rm(path);
        await execute('create table schema_migrations (version integer)')(path);
      },
      message: /belongs to another program/,
    },
    {
      name: 'is gone, with its write-ahead log still there',
      damage: async (path) => {
        await copyFile(path, `${path}-wal`);
        await rm(path);
      },
      message: /its write-ahead log .*-wal is there/,
    },
  ];
  for (const { name, damage, message } of damages) {
    it(`is refused and left as it is when it ${name}`, () =>
      withClosedDatabase(async (path) => {
        await damage(path);
        const before = await contentsIn(join(path, '..'));
        await assert.rejects(open(path), { code: 'ERR_DATASTORE_UNUSABLE', message });
        assert.deepEqual(await contentsIn(join(path, '..')), before);
      }));
  }

  it('is refused when its folder is missing', async () => {
    await using folder = await temporaryDirectory();
    await assert.rejects(open(join(folder.path, 'missing', 'd.sqlite3')), { code: 'ERR_DATASTORE_UNUSABLE' });
  });

  it('may be moved away to start with an empty one', () =>
    withClosedDatabase(async (path) => {
      await truncate(path, 8192);
      await assert.rejects(open(path), { code: 'ERR_DATASTORE_UNUSABLE' });
      await rm(path);
      await using datastore = await open(path);
      assert.equal(await datastore.entries.count({}), 0);
    }));

  it('does not include a copy of ours without a write-ahead log', () =>
    withClosedDatabase(async (path) => {
      await execute(`vacuum into '${path}.copy'`)(path);
      await using datastore = await open(`${path}.copy`);
      assert.equal(await datastore.entries.count({}), 1);
      assert.equal((await datastore.entries.update('web', { hint: 'x' })).hint, 'x');
    }));

  it('does not include one whose creation was interrupted', async () => {
    await using folder = await temporaryDirectory();
    const path = join(folder.path, 'datastore.sqlite3');
    await writeFile(`${path}.new`, 'half');
    await using datastore = await open(path);
    assert.equal(await datastore.entries.count({}), 0);
  });
});

async function overwriteMiddle(path: string): Promise<void> {
  const content = await readFile(path);
  content.fill(0xa5, 4096, content.length - 4096);
  await writeFile(path, content);
}

function execute(statement: string): (path: string) => Promise<void> {
  return (path) => {
    const db = new Sqlite(path);
    db.exec(statement);
    db.close();
    return Promise.resolve();
  };
}

/** Suffix of the database's file name → mode. */
async function modesIn(folder: string): Promise<Record<string, number>> {
  const modes: Record<string, number> = {};
  for (const name of await readdir(folder)) {
    modes[name.replace('datastore.sqlite3', '')] = (await stat(join(folder, name))).mode & 0o777;
  }
  return modes;
}

/** All files but what a reader leaves: the index of the write-ahead log, and an empty log. */
async function contentsIn(folder: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const name of await readdir(folder)) {
    const content = await readFile(join(folder, name));
    if (!name.endsWith('-shm') && content.length > 0) contents[name] = content.toString('base64');
  }
  return contents;
}
