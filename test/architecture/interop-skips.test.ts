import assert from 'node:assert/strict';
import { join } from 'node:path';
import { node } from '../support/child.js';
import { repository } from '../support/source-tree.js';

describe('the interop tests', () => {
  it('are skipped, and nothing of them fails, where the foreign programs are missing', async () => {
    const mocha = join(repository, 'node_modules/mocha/bin/mocha.js');
    const args = ['--no-config', '--reporter', 'json', 'dist-test/interop/**/*.test.js'];
    const env = { ...process.env, CREDENCE_INTEROP_PROGRAMS: '{}' };
    const { code, stdout, stderr } = await node(mocha, args, { cwd: repository, env }).finished;
    const { stats } = JSON.parse(stdout) as { stats: { pending: number; failures: number } };
    assert.equal(stats.failures, 0, stdout);
    assert.ok(stats.pending > 100, stdout);
    assert.equal(code, 0);
    assert.match(stderr, /spire-server is missing: npm run test:interop says how to get it/);
  });
});
