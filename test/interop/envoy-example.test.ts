// examples/envoy with a real Envoy, as its README says: one command.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { NewUser } from '../support/new-user.js';
import { repository } from '../support/source-tree.js';
import { program } from './programs.js';

const steps = [
  'A server, and an agent on each of two nodes',
  'Three registration entries',
  'Two services of plain HTTP',
  'Two Envoys that were given their certificates',
  'web calls api, through both Envoys',
  'A caller with another identity is refused',
  'Both certificates rotated while calls went on',
];

describe('examples/envoy', () => {
  it('shows all that it promises, and leaves the configuration of both Envoys and nothing else', async function () {
    const envoy = program(this, 'envoy');
    await using user = await NewUser.create({ unprivileged: false });
    const run = join(repository, 'examples/envoy/run.mjs');
    const { code, stdout, stderr } = await user.run(`node '${run}'`, { ENVOY: envoy });
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.deepEqual(
      [...stdout.matchAll(/^ *[\d.]+ s {2}(.*)$/gm)].map(([, title]) => title?.replace(/ \([\d.]+\)/, '')),
      steps,
    );
    assert.match(stdout, /api says: hello spiffe:\/\/example\.org\/web/);
    assert.match(stdout, /\d+ calls, none failed/);

    const left = stdout.match(/(?<=^ {2})\/\S+\.yaml$/gm) ?? [];
    assert.equal(left.length, 2);
    for (const path of [...left, ...['web', 'api'].map((name) => join(repository, `examples/envoy/${name}.yaml`))]) {
      const validated = await new Child(envoy, ['--mode', 'validate', '--disable-hot-restart', '-c', path]).finished;
      assert.equal(validated.code, 0, validated.stderr);
    }
    assert.equal((await readdir(user.temporary)).length, 1);
    assert.deepEqual(await user.processes(), []);
  }).timeout(90_000);
});
