// What the commands do otherwise than SPIRE's, on purpose: docs/spire-compatibility.md names each.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { node, type Finished } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { repository } from '../support/source-tree.js';

const program = join(repository, 'packages/server/bin/credence-server.js');
const entry = ['-spiffeID', 'spiffe://example.org/web', '-parentID', 'spiffe://example.org/node', '-selector', 'a:b'];

describe('credence-server, otherwise than SPIRE,', () => {
  let deployment: Deployment;

  const run = (...args: string[]): Promise<Finished> => {
    const env = { ...process.env, CREDENCE_SERVER_SOCKET: deployment.adminSocket, TZ: 'Asia/Kolkata' };
    return node(program, args, { env }).finished;
  };

  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
  });

  after(() => deployment[Symbol.asyncDispose]());

  it('exits 1 when an item of a batch failed, also with --output json', async () => {
    assert.equal((await run('entry', 'create', ...entry, '--output', 'json')).code, 0);
    const { code, stdout } = await run('entry', 'create', ...entry, '--output', 'json');
    const { results } = JSON.parse(stdout) as { results: { status: { message: string } }[] };
    assert.equal(results[0]!.status.message, 'similar entry already exists');
    assert.equal(code, 1);
  });

  it('prints instants in UTC, whatever the zone', async () => {
    await deployment.startAgent();
    const { stdout } = await run('agent', 'list');
    const [, shown] = /^Expiration time {3}: (\S+ \S+) \+0000 UTC$/m.exec(stdout) ?? [];
    const { agents } = JSON.parse((await run('agent', 'list', '--output', 'json')).stdout) as {
      agents: { x509svid_expires_at: string }[];
    };
    assert.equal(Date.parse(`${shown?.replace(' ', 'T')}Z`), Number(agents[0]!.x509svid_expires_at) * 1000);
  });
});
