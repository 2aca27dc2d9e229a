// docs/tls.md as a program: its examples, one after the other, against a Workload API.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { codeBlocks, readProse } from '../support/prose.js';

const run = promisify(execFile);
const program = new URL('tls-page.example.mjs', import.meta.url);

describe('docs/tls.md', () => {
  let agent: FakeWorkloadApi;

  before(async () => {
    const ca = await TestCa.create('example.org');
    agent = await FakeWorkloadApi.start();
    agent.setX509([await ca.x509Svid('/web')], [ca.bundle()]);
  });
  after(async () => {
    await agent[Symbol.asyncDispose]();
    await rm(program, { force: true });
  });

  it('has examples that run as they stand', async () => {
    const ports = await Promise.all(Array.from({ length: 4 }, freePort));
    const text = whole(codeBlocks(readProse('docs/tls.md'), 'ts'));
    await writeFile(
      program,
      text.replace(/\b844([3-6])\b/g, (_, digit: string) => String(ports[Number(digit) - 3])),
    );
    const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: agent.address };
    const { stdout } = await run(process.execPath, [program.pathname], { env, timeout: 15_000 });
    assert.deepEqual(stdout.trim().split('\n').toSorted(), [
      'fetch: hello spiffe://example.org/web',
      'hello spiffe://example.org/web',
      'http2: hello spiffe://example.org/web',
      'observe: not for long 1',
      'pg: a pool',
      'would be refused: ERR_SPIFFE_UNAUTHORIZED spiffe://example.org/web',
      'ws: hello spiffe://example.org/web',
    ]);
  });
});

/** Imports first, each name once; names of the page's last example are its own. */
function whole(blocks: readonly string[]): string {
  const importLine = /^import \{ (.*) \} from '(.*)';$|^import (\w+) from '(.*)';$/gm;
  const names = new Map<string, Set<string>>();
  const imports: string[] = [];
  for (const [line, list, from] of blocks.join('\n').matchAll(importLine)) {
    if (list === undefined || from === undefined) imports.push(line);
    else names.set(from, new Set([...(names.get(from) ?? []), ...list.split(', ')]));
  }
  for (const [from, list] of names) imports.push(`import { ${[...list].join(', ')} } from '${from}';`);
  const bodies = blocks.map((block) => block.replace(importLine, ''));
  const last = bodies.pop() ?? '';
  const end = "console.log('pg:', pool.options.max > 0 ? 'a pool' : '');\n";
  return `${imports.join('\n')}\n${bodies.join('\n')}\n{${last}${end}}\nprocess.exitCode = 0;\nsetTimeout(() => process.exit(), 100);\n`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
