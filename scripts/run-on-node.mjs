// Runs the SDK's tests and the conformance suite on other Node versions: `npm run test:nodes -- 22 24`. Each is got once
// by npm, into the user's cache. What follows a second `--` goes to mocha.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'credence', 'node');
const specs = ['packages/sdk/dist-test/**/*.test.js', ...conformanceWithoutDaemons()];
const longestRunMs = 5 * 60_000;
const [versions, mochaArguments] = split(process.argv.slice(2), '--');

// Some tests run Node as another user, who does not reach the cache of this one.
const folder = mkdtempSync(join(tmpdir(), 'credence-node-'));
chmodSync(folder, 0o755);
try {
  for (const version of versions.length > 0 ? versions : ['22', '24']) {
    const program = join(folder, 'node');
    rmSync(program, { force: true });
    copyFileSync(await getNode(version), program);
    const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
    console.log(`\n=== Node ${stdout.trim()}`);
    if (!passes(program)) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

function passes(program) {
  const patience = process.env.CI ? ['--retries', '1', '--timeout', '60000'] : [];
  const mocha = ['node_modules/mocha/bin/mocha.js', '--reporter', 'dot', ...patience, ...mochaArguments, ...specs];
  const { status, error } = spawnSync(program, mocha, { cwd: root, stdio: 'inherit', timeout: longestRunMs });
  if (error !== undefined) console.error(`credence: ${error.message}`);
  return status === 0;
}

/** SQLite was compiled for the Node that installed it: what starts a server is not for another. */
function conformanceWithoutDaemons() {
  const tests = join(root, 'dist-test/conformance');
  const startsDaemon = /support\/(deployment|seeded)\.js|packages\/(server|agent)\//;
  return readdirSync(tests)
    .filter((name) => name.endsWith('.test.js') && !startsDaemon.test(readFileSync(join(tests, name), 'utf8')))
    .map((name) => join('dist-test/conformance', name));
}

/** npm publishes Node's own binaries, one package a platform. */
async function getNode(version) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(cache, version);
  const program = join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  mkdirSync(folder, { recursive: true });
  for (const seconds of [5, 15, 30]) {
    if (existsSync(program)) return program;
    const npm = ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
    const { status } = spawnSync('npm', [...npm, `${name}@${version}`], { cwd: folder, stdio: 'inherit' });
    if (status !== 0) await sleep(seconds * 1000);
  }
  if (existsSync(program)) return program;
  throw new Error(`npm did not get ${name}@${version} into ${folder}`);
}

function split(words, mark) {
  const at = words.indexOf(mark);
  return at === -1 ? [words, []] : [words.slice(0, at), words.slice(at + 1)];
}
