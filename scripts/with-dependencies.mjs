// Makes a fresh clone ready (dependencies, then the build), and runs the given script of ours with the arguments that
// follow it. Everything here runs before anything is installed, so it uses Node alone.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const script = process.argv[2];
// packages/server/src/datastore/sql/sqlite.ts says why.
const sqlite = /^2[01]\./.test(process.versions.node) ? 'better-sqlite3' : 'better-sqlite3-napi';

checkNode();
if (!isInstalled() || !loadsSqlite()) {
  say('installing the dependencies (SQLite is compiled; this takes a minute or two, once)');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
say('building');
build();
if (script !== '--build-only') {
  process.argv.splice(1, 2, join(root, script));
  await import(pathToFileURL(join(root, script)).href);
}

function build() {
  cpSync(join(root, 'proto'), join(root, 'packages/sdk/dist/proto'), { recursive: true });
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b']);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Credence needs Node 20.19 or newer; this is ${process.versions.node}.`);
}

/** npm writes node_modules/.package-lock.json at the end of an install: older than the lock file means stale. */
function isInstalled() {
  const installed = join(root, 'node_modules/.package-lock.json');
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

/** False after a change of the Node version: binaries are made for one. */
function loadsSqlite() {
  try {
    const Database = createRequire(join(root, 'packages/server/package.json'))(sqlite);
    new Database(':memory:').close();
    return true;
  } catch {
    return false;
  }
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: environment() });
  if (error !== undefined) fail(`${command} did not start: ${error.message}`);
  if (status !== 0) fail(`"${[command, ...args].join(' ')}" failed (exit ${status}).`);
}

/** Native modules compile against the headers that came with this Node, where it has them: no download is needed. */
function environment() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  const hasHeaders = existsSync(join(prefix, 'include/node/node.h'));
  return hasHeaders && !process.env.npm_config_nodedir ? { ...process.env, npm_config_nodedir: prefix } : process.env;
}

function say(text) {
  console.error(`credence: ${text}`);
}

function fail(text) {
  say(text);
  process.exit(1);
}
