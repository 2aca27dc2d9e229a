// No room for the log: the server says so where it can, and serves on.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Deployment } from '../support/deployment.js';

const told = /^the log cannot be written, records will be missing: [A-Z]+: [^\n]*\n$/;

describe('a server whose log cannot be written', () => {
  let deployment: Deployment;
  beforeEach(async () => {
    deployment = await Deployment.create();
  });
  afterEach(() => deployment[Symbol.asyncDispose]());

  it('says so once, serves, and ends when it is told to', async () => {
    const server = await deployment.startServer({ config: { log_file: '/dev/full' } });
    await deployment.createEntry('/web');
    await deployment.createEntry('/api');
    assert.ok(server.running);
    assert.match(server.stderr, told);
    assert.equal((await server.stop()).code, 0);
  }).timeout(20_000);

  it('writes what it has kept when there is room again', async () => {
    const file = join(deployment.folder, 'log');
    const server = await deployment.startServer({ config: { log_file: file } });
    const limit = (bytes: string): Promise<unknown> =>
      promisify(execFile)('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:`]);
    await limit(String((await stat(file)).size));
    // The datastore has no room either.
    await assert.rejects(deployment.createEntry('/early'), /exit 1/);
    await limit('unlimited');
    await deployment.createEntry('/late');
    const records = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const audited = records
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter((record) => 'spiffe_id' in record);
    assert.deepEqual(
      audited
        .filter(({ type, level }) => type === 'audit' && level === 'info')
        .map(({ spiffe_id: id, status }) => [id, status]),
      [
        ['spiffe://example.org/early', 'error'],
        ['spiffe://example.org/late', 'success'],
      ],
    );
    assert.match(server.stderr, told);
  }).timeout(20_000);
});
