// docs/workload-api.md as a program: its examples, one after the other, against a Workload API.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { WorkloadApiClient } from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { codeBlocks, readProse, section, tableRows } from '../support/prose.js';

const run = promisify(execFile);
const page = readProse('docs/workload-api.md');
const program = new URL('workload-api-page.example.mjs', import.meta.url);

describe('docs/workload-api.md', () => {
  let agent: FakeWorkloadApi;

  before(async () => {
    const ca = await TestCa.create('example.org');
    agent = await FakeWorkloadApi.start();
    agent.setX509([await ca.x509Svid('/web'), await ca.x509Svid('/inside', { hint: 'internal' })], [ca.bundle()]);
    agent.setJwt([ca.jwtBundle()], async ({ audience }) => [await ca.jwtSvid('/web', { audience })]);
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(program, { force: true });
  });

  it('has examples that run as they stand', async () => {
    await writeFile(program, [...codeBlocks(page, 'ts'), 'await source.close();\n'].join('\n'));
    const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: agent.address };
    const { stdout } = await run(process.execPath, [program.pathname], { env, timeout: 15_000 });
    assert.deepEqual(stdout.trim().split('\n'), [
      'x509: spiffe://example.org/inside 1 true',
      "jwt: spiffe://example.org/web [ 'orders' ]",
      'fetch: spiffe://example.org/web',
      'watch: 2',
      'fake: spiffe://example.org/api',
    ]);
  });

  it('names every call of the client, and no other', () => {
    const calls = /^(fetch|watch|follow|validate)/;
    const named = tableRows(section(page, '## Single calls and watches')).flatMap((cells) =>
      cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? '')),
    );
    const pushed = named.filter((name) => name.startsWith('watch')).map((name) => name.replace('watch', 'follow'));
    const methods = Object.getOwnPropertyNames(WorkloadApiClient.prototype).filter((name) => calls.test(name));
    assert.deepEqual([...named, ...pushed].sort(), methods.sort());
  });

  it('names methods of the fake that it has', () => {
    const rows = tableRows(section(page, '## In tests')).map(([methods]) => methods ?? '');
    const names = rows.flatMap((row) => [...row.matchAll(/`(\w+)/g)].map(([, name]) => name ?? ''));
    assert.ok(names.length > 12);
    assert.deepEqual(
      names.filter((name) => !(name in agent)),
      [],
    );
  });
});
